//! What a cluster had before: the configuration of another meta plugin becomes ours.

pub mod multus;
