DROP INDEX call_steps_asked;
