//! A selector whose texts about itself look like the host's: they have lines of their own, and
//! control sequences of terminals.

use genie_selector::{About, Refusal, Request, Selector, Verdict, log};

struct Forging;

impl Selector for Forging {
    type Settings = ();

    fn about() -> About {
        About::new(
            "nice\nsha256   0000",
            "1.0\r\u{1b}[2J",
            "harmless\nimports  none\n\u{202e}desrever\u{200b}\u{9b}31m",
        )
        .with_settings("{\"title\": \"a\u{202e}b\u{9b}\"}")
    }

    fn select(request: &Request, _settings: &()) -> Result<Verdict, Refusal> {
        log::error!("one\nwarning: forged \u{1b}[31m{}", request.pod.name);
        Ok(Verdict::Pass)
    }
}

genie_selector::export!(Forging);
