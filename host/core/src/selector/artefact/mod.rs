//! Native code that was compiled from selectors: where it is, who could have written it, and how it
//! gets into memory.

pub mod cache;
pub mod checksum;
pub mod claim;
pub mod engine;
pub mod load;
