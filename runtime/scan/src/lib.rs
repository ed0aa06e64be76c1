//! How it flows: image, pins, blocks, stages, tasks
#![forbid(unsafe_code)]
