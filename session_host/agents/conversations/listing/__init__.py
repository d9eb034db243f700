"""Lists the conversations that agents keep on the disk, also those that were begun outside of Outlive.

One module for each agent, under the name that the catalog gives as ``store``. They only read, and only a part of each
file: an agent may have thousands of transcripts, each of many megabytes.
"""
