//! What the plugin has a child do, `genie-host`: compile a module, and run one that the plugin does
//! not run itself.

pub mod compiler;
pub mod run;
