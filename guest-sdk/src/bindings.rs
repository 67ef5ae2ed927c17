//! The code that `wit-bindgen` generates from `wit/`. Nothing in here is part of the SDK's
//! interface: the root of the crate re-exports the types, and its modules wrap the
//! functions.

wit_bindgen::generate!({
    path: "wit",
    world: "selector",
    pub_export_macro: true,
    export_macro_name: "export_select",
    default_bindings_module: "genie_selector::bindings",
    additional_derives: [PartialEq, Eq],
    // The generated one is an error, too, whose text is for programmers.
    with: { "genie:selector/types@0.1.0/refusal": crate::types::Refusal },
});

/// All types of the interface `types`.
pub mod types {
    pub use super::genie::selector::types::*;
    pub use crate::types::Refusal;
}

/// The export `merge` alone. The componentizer unites it with the world above, so that
/// one macro can export `select` and another can add `merge`.
pub mod merging {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package genie:selector-sdk;
            world merging {
                export genie:selector/merge@0.1.0;
            }
        ",
        world: "genie:selector-sdk/merging",
        with: { "genie:selector/types@0.1.0": crate::bindings::types },
        pub_export_macro: true,
        export_macro_name: "export_merge",
        default_bindings_module: "genie_selector::bindings::merging",
    });
}
