"""Background work of the window: tasks, threads and processes, each with an owner that ends it."""
