//! Runs the built-in selectors where they lie in this program's file. The file is in the page cache
//! already; a copy would cost a page fault for every 4 KiB of it, used or not.
#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::sync::Arc;

use rustix::mm::{MprotectFlags, mprotect};
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

/// The smallest page that any supported machine has, in bytes. An artefact's sections are aligned
/// to at least that.
const PAGE: usize = 4096;

/// Bytes on pages of their own, as code has to be.
#[repr(C, align(4096))]
pub struct Paged<T: ?Sized>(pub T);

/// Makes an engine run code where it lies.
pub fn allow(config: &mut Config) {
    config.with_custom_code_memory(Some(Arc::new(InPlace)));
}

/// Loads an artefact that is part of this program.
///
/// # Errors
/// The artefact was made by or for another engine.
pub fn load(engine: &Engine, artefact: &'static [u8]) -> wasmtime::Result<Component> {
    // SAFETY: the only `'static` bytes that this program has are those that its own build put into
    // it, out of `Engine::precompile_component`. An attacker who can change them can change any
    // other code of the program. They are read-only, and there as long as the process.
    unsafe {
        if artefact.as_ptr().addr().is_multiple_of(PAGE) {
            Component::deserialize_raw(engine, NonNull::from(artefact))
        } else {
            Component::deserialize(engine, artefact)
        }
    }
}

struct InPlace;

impl wasmtime::CustomCodeMemory for InPlace {
    fn required_alignment(&self) -> usize {
        PAGE
    }

    fn publish_executable(&self, ptr: *const u8, len: usize) -> wasmtime::Result<()> {
        // SAFETY: Wasmtime hands over whole pages of an artefact's text that it holds, and nothing
        // writes there: they are a constant of this program, or a mapping of Wasmtime's own that is
        // frozen by now.
        unsafe { mprotect(ptr.cast_mut().cast(), len, MprotectFlags::READ | MprotectFlags::EXEC) }
            .map_err(wasmtime::Error::from)
    }

    fn unpublish_executable(&self, _: *const u8, _: usize) -> wasmtime::Result<()> {
        // Nothing can write there, and nothing is left to run it: the process ends.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use genie_core::selector::artefact::engine;
    use wasmtime::{Store, component::Linker};

    use super::{PAGE, allow, load};

    const ANSWER: &str = r#"(component
        (core module $m (func (export "answer") (result i32) (i32.const 42)))
        (core instance $i (instantiate $m))
        (func (export "answer") (result s32) (canon lift (core func $i "answer"))))"#;

    /// The answer of a component that is loaded from an address with this offset to a page.
    fn answered(offset: usize) -> i32 {
        let engine = engine::start(allow).expect("the engine starts");
        let component = wat::parse_str(ANSWER).expect("it is well-formed");
        let artefact = engine.precompile_component(&component).expect("it compiles");
        // Pages that stay as long as the process, as the program's own do.
        let pages = vec![0_u8; artefact.len() + 2 * PAGE].leak();
        let start = pages.as_ptr().align_offset(PAGE) + offset;
        let place = pages.get_mut(start..start + artefact.len()).expect("there is room");
        place.copy_from_slice(&artefact);
        let component = load(&engine, place).expect("it loads");
        let mut store = Store::new(&engine, ());
        store.set_fuel(1000).expect("the engine counts fuel");
        let instance = Linker::new(&engine).instantiate(&mut store, &component).expect("it is instantiated");
        let answer = instance.get_typed_func::<(), (i32,)>(&mut store, "answer").expect("it is exported");
        answer.call(&mut store, ()).expect("it answers").0
    }

    #[test]
    fn an_artefact_runs_where_it_lies() {
        assert_eq!(answered(0), 42);
    }

    #[test]
    fn an_artefact_that_lies_across_pages_is_copied_and_runs() {
        assert_eq!(answered(8), 42);
    }

    #[test]
    fn what_is_no_artefact_is_refused() {
        let engine = engine::start(allow).expect("the engine starts");
        assert!(load(&engine, b"").is_err());
    }
}
