# Run by aider whenever it waits for its user after an answer of the model.
{hook} waiting '{"message": "its turn is over, or it asks something"}'
