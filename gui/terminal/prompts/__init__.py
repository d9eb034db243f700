"""A shell's prompts and an agent's turns in a terminal: navigation, their output, their marks in the margin.

``prompts`` has the actions that the view calls. ``prompt_finder`` finds the prompts. ``output`` reads the rows of one
command. ``margin`` draws the marks. ``heading`` shows the command of a long output over the first row;
``command_line`` reads that command. ``commands`` copies a command, or inserts it at the prompt again.
``clicking`` moves the cursor of a command line. ``position_label`` shows the number of the prompt for a moment. This
package must not know hosts, tabs or settings.
"""
