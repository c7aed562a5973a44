"""The files that TensorBoard reads, written without TensorFlow: records, the messages in them, and images."""
