//! Which network a user's word means.
//!
//! CNI-Genie knows networks by their files' names. Files come first here too,
//! so that annotations for CNI-Genie keep their meaning. The network's own name and
//! the type of its first plugin come after them, because people write these.

use crate::{Attachment, Network, Plan, Refusal, Request, Source};

/// The name of CNI-Genie's plugin: whoever asks for it asks for the meta plugin itself.
const OWN_TYPE: &str = "genie";

/// ```
/// use genie_selector::testing;
///
/// let request = testing::request().with_network("10-flannel.conflist", "cbr0", &["flannel", "portmap"]);
/// for written in ["flannel", "10-flannel", "10-flannel.conflist", "cbr0"] {
///     assert_eq!(request.find_network(written), request.networks.first());
/// }
/// assert!(request.require_network("cni", "flanel").is_err(), "it asks: did you mean flannel?");
/// ```
impl Request {
    /// The network that `written` means. These are compared with `written`, one after the
    /// other, and each for all networks in the order of their files' names:
    ///
    /// 1. the file's name: `10-my-net.conflist` is `my-net`, `10-my-net` or
    ///    `10-my-net.conflist`;
    /// 2. the file's name without the word before the first `-`:
    ///    `my-net.conf` is `net`, as in CNI-Genie;
    /// 3. the `name` inside the configuration;
    /// 4. the type of the first plugin.
    pub fn find_network(&self, written: &str) -> Option<&Network> {
        let find = |means: &dyn Fn(&Network) -> bool| self.networks.iter().find(|n| means(n));
        find(&|network| is_file(written, &network.file))
            .or_else(|| find(&|network| is_legacy_file(written, &network.file)))
            .or_else(|| find(&|network| network.name == written))
            .or_else(|| find(&|network| network.plugins.first().is_some_and(|t| t == written)))
    }

    /// The installed network of an attachment, as the host finds it: by its file, else the first
    /// one of that name. None for a definition, an inline configuration, and a network that this
    /// node does not have.
    ///
    /// ```
    /// use genie_selector::{Attachment, testing};
    ///
    /// let request = testing::request().with_network("10-flannel.conflist", "cbr0", &["flannel"]);
    /// let network = request.network_of(&Attachment::installed("cbr0"));
    /// assert_eq!(network, request.networks.first());
    /// ```
    pub fn network_of(&self, attachment: &Attachment) -> Option<&Network> {
        let Source::Installed(written) = &attachment.network else { return None };
        let by_file = self.networks.iter().find(|network| network.file == *written);
        by_file.or_else(|| self.networks.iter().find(|network| network.name == *written))
    }

    /// The network that `written` means, which stands in the annotation, label or setting
    /// `key`.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] when no network has that name: the message says why,
    /// and which names were probably meant. [`Refusal::Unavailable`] when nothing is
    /// installed on this node yet, or the network's file cannot be used, since the author
    /// of the name can mend neither.
    pub fn require_network(&self, key: &str, written: &str) -> Result<&Network, Refusal> {
        self.find_network(written).ok_or_else(|| self.no_network(key, written))
    }

    /// The refusal for a node without a usable network. It says why there is none, as far
    /// as that is known.
    pub fn nothing_installed(&self) -> Refusal {
        let mut message = "no CNI plugin installed: no usable configuration in the conf directory".to_owned();
        for file in self.attributes("loopback") {
            message.push_str("; no network: ");
            message.push_str(file);
            message.push_str(" is the loopback only");
        }
        for unusable in self.attributes("unusable") {
            message.push_str("; unusable: ");
            message.push_str(unusable);
        }
        Refusal::unavailable(message)
    }

    fn no_network(&self, key: &str, written: &str) -> Refusal {
        let means = |file: &str| is_file(written, file) || is_legacy_file(written, file);
        if written == OWN_TYPE || self.attributes("self").any(means) {
            return Refusal::invalid(key, written, "refers to itself: name a network that does the work");
        }
        if self.attributes("loopback").any(means) {
            let message = "is the loopback, which every pod has already: name a network that gives an address";
            return Refusal::invalid(key, written, message);
        }
        let unusable =
            self.attributes("unusable").filter_map(|entry| entry.split_once(": ")).find(|(file, _)| means(file));
        if let Some((file, reason)) = unusable {
            return Refusal::unavailable(format!(
                "{key}: \"{written}\": this node's configuration of it, {file}, cannot be used: {reason}; whoever installs \
                 that network has to mend it"
            ));
        }
        if self.networks.is_empty() {
            return self.nothing_installed();
        }
        Refusal::invalid(key, written, format!("no such network; {}", self.offer(written)))
    }

    /// The nearest names, and how many networks there are. A tenant is not told the names
    /// of all networks, and is not offered those that the selector may not choose.
    fn offer(&self, written: &str) -> String {
        let mut near = [(usize::MAX, ""); OFFERED];
        for network in &self.networks {
            if self.attributes("forbidden").any(|file| file == network.file) {
                continue;
            }
            let file = short(stem(&network.file));
            let names = [Some(file), Some(&*network.name), network.plugins.first().map(|kind| &**kind)];
            let names = names.into_iter().flatten();
            let Some(found) = names.filter_map(|name| Some((distance(written, name)?, name))).min() else { continue };
            insert(&mut near, found);
        }
        let mut meant = String::new();
        for (_, name) in near.iter().filter(|(slips, _)| *slips < usize::MAX) {
            meant.push_str(if meant.is_empty() { "did you mean " } else { " or " });
            meant.push_str(name);
        }
        if !meant.is_empty() {
            meant.push_str("? ");
        }
        match self.networks.len() {
            1 => format!("{meant}1 network is installed here"),
            count => format!("{meant}{count} networks are installed here"),
        }
    }
}

impl Plan {
    /// The installed network of each attachment, in order; none where
    /// [`Request::network_of`] finds none. A guard takes such a one for a network that it does not
    /// allow.
    ///
    /// ```
    /// use genie_selector::{Plan, Request};
    ///
    /// /// Whether the plan holds nothing but calico.
    /// fn is_calico(request: &Request, plan: &Plan) -> bool {
    ///     plan.networks(request).all(|network| network.is_some_and(|network| network.file == "10-calico.conflist"))
    /// }
    /// # use genie_selector::{Attachment, testing};
    /// # let request = testing::request().with_network("10-calico.conflist", "k8s", &["calico"]);
    /// # let calico = || Attachment::installed("k8s");
    /// # assert!(is_calico(&request, &Plan::new("", vec![calico()])));
    /// # assert!(!is_calico(&request, &Plan::new("", vec![calico(), Attachment::inline("{}")])));
    /// ```
    pub fn networks<'a>(&'a self, request: &'a Request) -> impl Iterator<Item = Option<&'a Network>> {
        self.attachments.iter().map(|attachment| request.network_of(attachment))
    }
}

/// How many names are offered.
const OFFERED: usize = 3;
/// The longest name that is compared, in bytes.
const LONGEST: usize = 64;

/// Keeps the nearest names, in order. Code that sorts would be larger than a whole
/// selector.
fn insert<'a>(near: &mut [(usize, &'a str); OFFERED], mut found: (usize, &'a str)) {
    for place in near {
        if *place == found {
            return;
        }
        if found < *place {
            std::mem::swap(place, &mut found);
        }
    }
}

/// How many slips (a character too much, too few, or another one) lead from `written` to
/// `name`, whatever their case; nothing when there are too many for the name to be meant.
fn distance(written: &str, name: &str) -> Option<usize> {
    if written.len() > LONGEST || name.len() > LONGEST {
        return None;
    }
    let (written, name) = (written.to_ascii_lowercase(), name.to_ascii_lowercase());
    // From what is read of `written` to each beginning of `name`.
    let mut row: Vec<usize> = (0..=name.chars().count()).collect();
    for (index, one) in written.chars().enumerate() {
        let (mut left, mut diagonal) = (index + 1, index);
        let mut cells = row.iter_mut();
        if let Some(first) = cells.next() {
            *first = left;
        }
        for (other, above) in name.chars().zip(cells) {
            left = (diagonal + usize::from(one != other)).min(left + 1).min(*above + 1);
            diagonal = std::mem::replace(above, left);
        }
    }
    row.pop().filter(|slips| *slips <= name.len().min(written.len()) / 3)
}

/// A file's name without its last extension.
fn stem(file: &str) -> &str {
    match file.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => file,
    }
}

/// A stem without the number that only orders the files.
fn short(stem: &str) -> &str {
    match stem.split_once('-') {
        Some((number, rest))
            if !number.is_empty() && !rest.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            rest
        }
        _ => stem,
    }
}

fn is_file(written: &str, file: &str) -> bool {
    let stem = stem(file);
    written == short(stem) || written == stem || written == file
}

fn is_legacy_file(written: &str, file: &str) -> bool {
    matches!(stem(file).split_once('-'), Some((before, rest)) if !before.is_empty() && rest == written)
}

#[cfg(test)]
mod tests {
    use crate::{Refusal, Request, testing};

    fn request() -> Request {
        testing::request()
            .with_network("10-calico.conflist", "k8s-pod-network", &["calico", "portmap"])
            .with_network("10-flannel.conflist", "cbr0", &["flannel", "portmap"])
            .with_network("10-weave.conf", "weave", &["weave-net"])
    }

    fn found(request: &Request, written: &str) -> Option<String> {
        request.find_network(written).map(|network| network.file.clone())
    }

    fn refused(request: &Request, written: &str) -> String {
        match request.require_network("cni", written) {
            Err(Refusal::Invalid(mistake)) => {
                assert_eq!((&*mistake.key, &*mistake.value), ("cni", written));
                mistake.message
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_is_known_without_number_without_extension_and_in_full() {
        let request = testing::request().with_network("10-my-net.conflist", "x", &["bridge"]);
        for written in ["my-net", "10-my-net", "10-my-net.conflist"] {
            assert_eq!(found(&request, written).as_deref(), Some("10-my-net.conflist"));
        }
        assert_eq!(found(&request, "MY-NET"), None);
        assert_eq!(found(&request, "net"), None, "the first `-` ends the number");
    }

    #[test]
    fn row_23_a_file_without_number_is_found() {
        let request = testing::request().with_network("calico.conf", "x", &["bridge"]);
        assert_eq!(found(&request, "calico").as_deref(), Some("calico.conf"));
    }

    #[test]
    fn row_24_a_word_before_the_hyphen_belongs_to_the_name_but_may_be_left_out() {
        let request = testing::request().with_network("my-net.conf", "x", &["bridge"]);
        assert_eq!(found(&request, "my-net").as_deref(), Some("my-net.conf"));
        assert_eq!(found(&request, "net").as_deref(), Some("my-net.conf"));
    }

    #[test]
    fn row_25_the_networks_name_and_the_first_plugins_type_are_found() {
        assert_eq!(found(&request(), "cbr0").as_deref(), Some("10-flannel.conflist"));
        assert_eq!(found(&request(), "weave-net").as_deref(), Some("10-weave.conf"));
        assert_eq!(found(&request(), "portmap"), None, "only the first plugin's type counts");
    }

    #[test]
    fn earlier_kinds_win_over_later_ones_in_whatever_file_they_are() {
        let request = testing::request()
            .with_network("05-a.conf", "weave", &["x"])
            .with_network("06-weave-net.conf", "x", &["weave"])
            .with_network("07-b.conf", "b", &["weave"])
            .with_network("x-weave.conf", "y", &["y"])
            .with_network("90-weave.conf", "z", &["z"]);
        assert_eq!(found(&request, "weave").as_deref(), Some("90-weave.conf"));
        let mut request = request;
        request.networks.pop();
        assert_eq!(found(&request, "weave").as_deref(), Some("x-weave.conf"));
        request.networks.pop();
        assert_eq!(found(&request, "weave").as_deref(), Some("05-a.conf"));
        request.networks.remove(0);
        assert_eq!(found(&request, "weave").as_deref(), Some("06-weave-net.conf"));
    }

    #[test]
    fn row_20_the_first_of_several_files_wins() {
        let request = testing::request().with_network("10-calico.conf", "a", &["calico"]).with_network(
            "10-calico.conflist",
            "b",
            &["calico"],
        );
        assert_eq!(found(&request, "calico").as_deref(), Some("10-calico.conf"));
    }

    #[test]
    fn row_21_a_broken_file_does_not_hide_a_good_one() {
        let request = request().with_attribute("unusable", "10-calico.conf: no JSON");
        assert_eq!(found(&request, "calico").as_deref(), Some("10-calico.conflist"));
    }

    #[test]
    fn row_18_an_unknown_name_is_refused_with_those_that_exist() {
        assert_eq!(refused(&request(), "nosuch"), "no such network; 3 networks are installed here");
    }

    #[test]
    fn what_was_probably_meant_is_told_and_the_others_are_counted() {
        for (written, meant) in [
            ("Calico", "calico"),
            ("flanel", "flannel"),
            ("calcio", "calico"),
            ("weave_net", "weave-net"),
            ("cbr1", "cbr0"),
        ] {
            let expected = format!("no such network; did you mean {meant}? 3 networks are installed here");
            assert_eq!(refused(&request(), written), expected);
        }
        let request = testing::request().with_network("1-a1.conf", "a1", &[]).with_network("1-a22.conf", "a22", &[]);
        let request = request.with_network("1-a2222.conf", "a2222", &[]).with_network("1-abcd.conf", "abcd", &[]);
        assert_eq!(
            refused(&request, "a222"),
            "no such network; did you mean a22 or a2222? 4 networks are installed here"
        );
        let request = request.with_attribute("forbidden", "1-a2222.conf");
        assert_eq!(refused(&request, "a222"), "no such network; did you mean a22? 4 networks are installed here");
        assert!(!refused(&request, &"a".repeat(100_000)).contains("did you mean"));
    }

    #[test]
    fn the_loopback_is_no_network() {
        let request = request().with_attribute("loopback", "99-loopback.conf");
        for written in ["loopback", "99-loopback.conf"] {
            assert!(refused(&request, written).starts_with("is the loopback"), "{written}");
        }
        let request = testing::request().with_attribute("loopback", "99-loopback.conf");
        let refusal = request.nothing_installed();
        assert!(matches!(&refusal, Refusal::Unavailable(why) if why.contains("99-loopback.conf is the loopback only")));
    }

    #[test]
    fn row_19_any_name_will_do_when_its_file_is_there() {
        let request = request().with_network("20-romana.conf", "r", &["romana"]).with_network(
            "30-myplugin.conf",
            "m",
            &["myplugin"],
        );
        assert_eq!(found(&request, "romana").as_deref(), Some("20-romana.conf"));
        assert_eq!(found(&request, "myplugin").as_deref(), Some("30-myplugin.conf"));
    }

    #[test]
    fn a_file_that_cannot_be_used_is_not_the_fault_of_who_names_it() {
        let request = request().with_attribute("unusable", "10-canal.conf: no type: not set");
        let expected = "cni: \"canal\": this node's configuration of it, 10-canal.conf, cannot be used: no type: not set; \
                        whoever installs that network has to mend it";
        assert_eq!(request.require_network("cni", "canal").err(), Some(Refusal::unavailable(expected)));
    }

    #[test]
    fn row_27_a_name_that_means_the_meta_plugin_is_refused() {
        let request = request().with_attribute("self", "05-all.conf");
        for written in ["genie", "all", "05-all", "05-all.conf"] {
            assert!(refused(&request, written).starts_with("refers to itself"), "{written}");
        }
    }

    #[test]
    fn with_nothing_installed_the_runtime_shall_try_again() {
        let request = testing::request().with_attribute("unusable", "a.conf: empty");
        assert_eq!(
            request.require_network("cni", "flannel").err(),
            Some(Refusal::unavailable(
                "no CNI plugin installed: no usable configuration in the conf directory; \
                 unusable: a.conf: empty"
            ))
        );
        assert!(refused(&request, "genie").starts_with("refers to itself"));
    }

    #[test]
    fn odd_file_names_do_no_harm() {
        for file in ["", ".", ".conf", "-", "-a.conf", "10-.conf", "10", "ä-ö.conf"] {
            let request = testing::request().with_network(file, "x", &[]);
            assert_eq!(found(&request, file).as_deref(), Some(file));
            assert_eq!(found(&request, "nosuch"), None);
        }
    }
}
