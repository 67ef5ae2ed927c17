//! The socket, the cache of pods, metrics.
