//! WASI for modules that import it: complete, and empty. There are no files, arguments, environment
//! or sockets, the clocks stand still, and the randomness is always the same. So the same inputs
//! lead to the same decision.

use std::time::Duration;

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime_wasi::clocks::WasiClocksView as _;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::Host as _;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};

use genie_core::selector::abi::LogLevel;
use genie_core::selector::contract::{Names, is_wasi};
use genie_core::selector::sandbox::imports::{Context, State};

/// How many bytes of standard output, and of standard error, are kept.
const OUTPUT: usize = 64 << 10;
/// How many bytes of randomness there are before it repeats.
const RANDOM_CYCLE: u64 = 4096;
/// The time on the wall clock: 2020-01-01 00:00:00 UTC, in seconds.
const EPOCH: u64 = 1_577_836_800;

/// The WASI of one call.
struct Wasi {
    ctx: WasiCtx,
    table: ResourceTable,
    stdout: MemoryOutputPipe,
    stderr: MemoryOutputPipe,
}

impl Wasi {
    fn new() -> Self {
        let stdout = MemoryOutputPipe::new(OUTPUT);
        let stderr = MemoryOutputPipe::new(OUTPUT);
        let ctx = WasiCtx::builder()
            .stdout(stdout.clone())
            .stderr(stderr.clone())
            .wall_clock(Still)
            .monotonic_clock(Still)
            .secure_random(randomness(1))
            .insecure_random(randomness(2))
            .insecure_random_seed(0)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        Self { ctx, table: ResourceTable::new(), stdout, stderr }
    }
}

/// The state of a call, with its WASI.
pub struct WithWasi {
    state: State,
    /// Made when it is first used: most selectors import no WASI.
    wasi: Option<Wasi>,
}

impl Context for WithWasi {
    fn new(state: State) -> Self {
        Self { state, wasi: None }
    }

    fn state(&mut self) -> &mut State {
        &mut self.state
    }

    /// Turns what the module printed into log messages. A panic's message is on standard error.
    fn finish(mut self) -> State {
        let Some(wasi) = self.wasi else { return self.state };
        for (pipe, level) in [(wasi.stdout, LogLevel::Info), (wasi.stderr, LogLevel::Error)] {
            let text = String::from_utf8_lossy(&pipe.contents()).trim_end().to_owned();
            if !text.is_empty() {
                self.state.logs.write(level, text);
            }
        }
        self.state
    }
}

impl WasiView for WithWasi {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.get_or_insert_with(Wasi::new);
        WasiCtxView { ctx: &mut wasi.ctx, table: &mut wasi.table }
    }
}

/// Offers WASI 0.2 to a component that imports it.
pub fn link(linker: &mut Linker<WithWasi>, component: &Component) -> wasmtime::Result<()> {
    if !Names::of(component).imports.iter().any(|import| is_wasi(import)) {
        return Ok(());
    }
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;

    // On a clock that stands still, waiting would never end, and really waiting would hold up the
    // call. So every wait is over at once.
    linker.allow_shadowing(true);
    let mut clock = linker.instance("wasi:clocks/monotonic-clock@0.2.12")?;
    for wait in ["subscribe-instant", "subscribe-duration"] {
        clock.func_wrap(wait, |mut store, (_,): (u64,)| Ok((store.data_mut().clocks().subscribe_duration(0)?,)))?;
    }
    linker.allow_shadowing(false);
    Ok(())
}

/// Clocks that stand still.
struct Still;

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(EPOCH)
    }
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        // Go's runtime takes zero for a broken clock, and ends.
        1
    }
}

/// Bytes of `SplitMix64`, the same in every run.
fn randomness(seed: u64) -> Deterministic {
    let bytes = (1..=RANDOM_CYCLE / 8).flat_map(|count| {
        let mut word = (seed << 32).wrapping_add(count).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)).to_le_bytes()
    });
    Deterministic::new(bytes.collect())
}
