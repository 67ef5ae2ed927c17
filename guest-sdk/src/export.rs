//! From the component's exports to the traits of this crate.

use std::marker::PhantomData;

use crate::bindings::exports::genie::selector::select;
use crate::bindings::merging::exports::genie::selector::merge;
use crate::{About, Merge, Merged, Outcome, Plan, Refusal, Request, Selector, Verdict, settings};

/// Exports a selector from its module; without effect on other targets than
/// WebAssembly, where the exports' names would not link.
///
/// `export!(TYPE)` exports a [`Selector`], `export!(TYPE with merge)` one that
/// implements [`Merge`] too. Once per module.
#[macro_export]
macro_rules! export {
    ($selector:ident) => {
        // Elsewhere too a type that is no selector shall not compile.
        const _: fn() -> $crate::About = <$selector as $crate::Selector>::about;
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::Component<$selector>;
    $crate::bindings::export_select!(Exported with_types_in $crate::bindings);
        };
    };
    ($selector:ident with merge) => {
        $crate::export!($selector);
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::Component<$selector>;
            $crate::bindings::merging::export_merge!(
                Exported with_types_in $crate::bindings::merging
            );
        };
    };
}

/// The component that [`export!`] makes of a selector.
pub struct Component<S>(PhantomData<S>);

impl<S: Selector> select::Guest for Component<S> {
    fn describe() -> About {
        report_panics();
        S::about()
    }

    fn select(request: Request, settings: String) -> Result<Verdict, Refusal> {
        report_panics();
        S::select(&request, &settings::parse(&settings)?)
    }
}

impl<S: Merge> merge::Guest for Component<S> {
    fn merge(request: Request, plan: Plan, outcomes: Vec<Outcome>, settings: String) -> Result<Merged, Refusal> {
        report_panics();
        S::merge(&request, &plan, &outcomes, &settings::parse(&settings)?)
    }
}

/// Lets a panic's message reach the log; the trap that follows carries none.
///
/// Only inside a module: a host that calls a selector's code natively keeps the
/// hook of its own process.
fn report_panics() {
    #[cfg(target_family = "wasm")]
    {
        static INSTALLED: std::sync::Once = std::sync::Once::new();
        INSTALLED.call_once(|| {
            std::panic::set_hook(Box::new(|panic| {
                crate::log::at(crate::log::Level::Error, format_args!("{panic}"));
            }));
        });
    }
}
