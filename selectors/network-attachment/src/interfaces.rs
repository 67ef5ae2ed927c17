//! Names of interfaces for attachments without one.

use std::collections::BTreeSet;

use genie_selector::{Attachment, Refusal, Request};

use crate::element::Element;
use crate::settings::Automatic;

/// The names that are in use.
pub struct Names {
    automatic: Automatic,
    used: BTreeSet<String>,
}

impl Names {
    /// Takes in the names that the earlier `attachments` and the elements ask for.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for an element that asks for a name of another network of the pod.
    pub fn new(
        automatic: Automatic,
        request: &Request,
        attachments: &[Attachment],
        further: &[Element],
    ) -> Result<Self, Refusal> {
        let mut used: BTreeSet<String> = attachments.iter().filter_map(|earlier| earlier.interface.clone()).collect();
        used.insert(request.interface.clone());
        for element in further {
            let Some(interface) = &element.interface else { continue };
            if !used.insert(interface.clone()) {
                let message = if *interface == request.interface {
                    "is the interface of the pod's default network: choose another one".to_owned()
                } else {
                    "is asked for by another network of the pod: give each its own".to_owned()
                };
                return Err(element.place.refusal(interface, &format!("interface {interface} {message}")));
            }
        }
        Ok(Self { automatic, used })
    }

    /// Names the attachment's interface, if it has no name: `netN` with its index in the plan, or the
    /// next free number behind it. The host names what stays without a name.
    pub fn name(&mut self, mut attachment: Attachment, index: usize) -> Attachment {
        if attachment.interface.is_none() && self.automatic == Automatic::Net {
            // One more name than are in use is enough to find a free one.
            let numbers = (index.max(1)..).take(self.used.len() + 1);
            let free = numbers.map(|number| format!("net{number}")).find(|name| !self.used.contains(name));
            self.used.extend(free.clone());
            attachment.interface = free;
        }
        attachment
    }
}
