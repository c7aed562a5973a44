"""One step of training, evaluation or prediction, in place or as a function of the state, and how it is compiled."""
