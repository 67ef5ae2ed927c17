//! How much work a script may do before the engine stops it.
//!
//! Fuel ends a module without a word of where it was. So the engine reckons what a script uses and
//! ends it a little earlier, by an error of JavaScript that has a place. It sees two things: rounds
//! of the interpreter, and memory that is asked for, since whatever takes long inside of one call
//! of QuickJS (texts, lists, JSON) asks for memory. Both are the same in each call.

use std::cell::Cell;
use std::rc::Rc;

use rquickjs::allocator::{Allocator, RustAllocator};

/// Fuel of a round: QuickJS asks whether it shall stop after 10,000 turns of loops and calls of
/// functions. An empty turn takes 600, and one that does a usual amount takes ten times as much.
const ROUND: u64 = 100_000_000;
/// Fuel of a piece of memory, with what is usually done to get there. QuickJS has a store of small
/// pieces, and asks for more than one at once.
const PIECE: u64 = 2_000;
/// Fuel of a byte of memory that is written one by one, as in texts.
const WRITTEN: u64 = 50;
/// Fuel of a byte of memory that is zero.
const ZERO: u64 = 1;
/// Fuel that is left for the words of an error.
const LAST_WORDS: u64 = 1_000_000;

/// The fuel that a script has left, as far as the engine can see.
#[derive(Default)]
pub struct Budget {
    left: Cell<u64>,
    is_spent: Cell<bool>,
    /// Whether QuickJS has asked before.
    was_asked: Cell<bool>,
}

impl Budget {
    /// Begins anew, with this much fuel.
    pub fn begin(&self, fuel: u64) {
        self.left.set(fuel);
        self.is_spent.set(false);
    }

    /// Whether all of it is spent, so that the script has been stopped.
    pub fn is_spent(&self) -> bool {
        self.is_spent.get()
    }

    /// Counts a round. The result is whether the script has to stop. QuickJS asks for the first
    /// time before the first round, and not after it.
    pub fn round(&self) -> bool {
        if self.was_asked.replace(true) {
            self.spend(ROUND);
        }
        self.is_spent()
    }

    /// Counts memory. The result is whether the script may have it. Once it may not; from then on
    /// it may have what the words of the error take.
    fn memory(&self, bytes: usize, byte: u64) -> bool {
        self.spend(PIECE.saturating_add(byte.saturating_mul(bytes as u64)))
    }

    /// Spends fuel. The result is false when there was not enough.
    fn spend(&self, fuel: u64) -> bool {
        if let Some(left) = self.left.get().checked_sub(fuel) {
            self.left.set(left);
            true
        } else {
            self.is_spent.set(true);
            self.left.set(LAST_WORDS);
            false
        }
    }
}

/// The memory of a script.
pub struct Memory(pub Rc<Budget>);

// The memory is that of Rust's own allocator, which keeps the promises of the trait; a null
// pointer, for memory that the budget has no fuel for, is one of its answers.
#[allow(unsafe_code)]
unsafe impl Allocator for Memory {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        if self.0.memory(size, WRITTEN) { RustAllocator.alloc(size) } else { std::ptr::null_mut() }
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        let fits = self.0.memory(count.saturating_mul(size), ZERO);
        if fits { RustAllocator.calloc(count, size) } else { std::ptr::null_mut() }
    }

    unsafe fn dealloc(&mut self, ptr: *mut u8) {
        // SAFETY: it comes from the same allocator.
        unsafe { RustAllocator.dealloc(ptr) }
    }

    unsafe fn realloc(&mut self, ptr: *mut u8, new_size: usize) -> *mut u8 {
        // SAFETY: it comes from the same allocator.
        let size = unsafe { RustAllocator::usable_size(ptr) };
        if self.0.memory(new_size.saturating_sub(size), WRITTEN) {
            // SAFETY: as above.
            unsafe { RustAllocator.realloc(ptr, new_size) }
        } else {
            std::ptr::null_mut()
        }
    }

    unsafe fn usable_size(ptr: *mut u8) -> usize {
        // SAFETY: it comes from the same allocator.
        unsafe { RustAllocator::usable_size(ptr) }
    }
}
