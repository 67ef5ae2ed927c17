//! The component's exports, made of the traits of this crate.

use std::marker::PhantomData;

use crate::bindings::exports::genie::selector::select;
use crate::bindings::merging::exports::genie::selector::merge;
use crate::settings::Settings as _;
use crate::{About, Merge, Merged, Outcome, Plan, Refusal, Request, Selector, Verdict};

/// Exports a selector from its module. A module needs exactly one call of it: without one
/// the module exports nothing, and the host refuses it.
///
/// `export!(TYPE)` exports a [`Selector`]. `export!(TYPE with merge)` exports one that
/// implements [`Merge`] too. On other targets than WebAssembly, where the names of the
/// exports would not link, the macro only checks the type.
///
/// ```
/// use genie_selector::{About, Refusal, Request, Selector, Verdict};
///
/// struct Nothing;
///
/// impl Selector for Nothing {
///     type Settings = ();
///
///     fn about() -> About {
///         About::new("nothing", "0.1.0", "leaves every pod to others")
///     }
///
///     fn select(_request: &Request, _settings: &()) -> Result<Verdict, Refusal> {
///         Ok(Verdict::Pass)
///     }
/// }
///
/// genie_selector::export!(Nothing);
/// ```
#[macro_export]
macro_rules! export {
    ($selector:ident) => {
        // A type that is no selector does not compile, on whatever target.
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

/// The component that [`export!`](crate::export!) makes of a selector.
pub struct Component<S>(PhantomData<S>);

impl<S: Selector> select::Guest for Component<S> {
    fn describe() -> About {
        report_panics();
        S::about()
    }

    fn select(request: Request, settings: String) -> Result<Verdict, Refusal> {
        report_panics();
        S::select(&request, &S::Settings::from_text(settings)?)
    }
}

impl<S: Merge> merge::Guest for Component<S> {
    fn merge(request: Request, plan: Plan, outcomes: Vec<Outcome>, settings: String) -> Result<Merged, Refusal> {
        report_panics();
        S::merge(&request, &plan, &outcomes, &S::Settings::from_text(settings)?)
    }
}

/// Lets a panic's message reach the log, since the trap that follows carries no message.
///
/// Only a module's hook is set: a program that calls a selector's code natively keeps the
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
