"""Language models: tasks, methods, training, evaluation, prediction."""
