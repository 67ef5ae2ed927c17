//! What the plugin has done by a child, `genie-host`: compiling a module, and running one
//! that it does not run itself.

pub mod compiler;
pub mod run;
