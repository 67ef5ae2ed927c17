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
});

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
        with: { "genie:selector/types@0.1.0": crate::bindings::genie::selector::types },
        pub_export_macro: true,
        export_macro_name: "export_merge",
        default_bindings_module: "genie_selector::bindings::merging",
    });
}
