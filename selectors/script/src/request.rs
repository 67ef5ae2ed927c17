//! `request`: the request as an object of JavaScript.

use std::collections::BTreeMap;
use std::rc::Rc;

use genie_selector::{Network, Request};
use rquickjs::function::Opt;
use rquickjs::{Ctx, Function, Object, Value};
use serde_json::json;

use crate::arguments::text;
use crate::attachment::Planned;
use crate::refusals;
use crate::settings::Settings;
use crate::{attachment, facts};

/// The object `request`.
pub fn object<'js>(ctx: &Ctx<'js>, request: &Rc<Request>, settings: &Settings) -> rquickjs::Result<Object<'js>> {
    let networks: Vec<_> = request.networks.iter().map(network).collect();
    let mut attributes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, value) in &request.attributes {
        attributes.entry(key).or_default().push(value);
    }
    let written = json!({
        "pod": {"namespace": request.pod.namespace, "name": request.pod.name, "uid": request.pod.uid},
        "container": request.container,
        "interface": request.interface,
        "node": request.node,
        "networks": networks,
        "decided": request.decided.as_ref().map(decided),
        "attributes": attributes,
        "settings": settings.own,
    });
    let object: Object = ctx.json_parse(written.to_string())?.get()?;
    object.set("annotations", facts::map(ctx, request.annotations.iter().cloned())?)?;

    let asked = Rc::clone(request);
    let find = move |ctx: Ctx<'js>, name: Opt<Value<'js>>| {
        let name = text(&ctx, "request.findNetwork", "name", &name)?;
        found(&ctx, asked.find_network(&name))
    };
    object.set("findNetwork", Function::new(ctx.clone(), find)?)?;
    let asked = Rc::clone(request);
    let require = move |ctx: Ctx<'js>, key: Opt<Value<'js>>, name: Opt<Value<'js>>| {
        let argument = |which, given| text(&ctx, "request.requireNetwork", which, given);
        let (key, name) = (argument("key", &key)?, argument("name", &name)?);
        match asked.require_network(&key, &name) {
            Ok(network) => found(&ctx, Some(network)),
            Err(refusal) => Err(refusals::throw(&ctx, &refusal)),
        }
    };
    object.set("requireNetwork", Function::new(ctx.clone(), require)?)?;
    Ok(object)
}

fn network(network: &Network) -> serde_json::Value {
    json!({
        "name": network.name,
        "file": network.file,
        "plugins": network.plugins,
        "cniVersion": network.cni_version,
        "capabilities": network.capabilities,
    })
}

fn found<'js>(ctx: &Ctx<'js>, one: Option<&Network>) -> rquickjs::Result<Value<'js>> {
    match one {
        Some(one) => ctx.json_parse(network(one).to_string()),
        None => Ok(Value::new_null(ctx.clone())),
    }
}

/// An earlier decision, in the form in which a script answers one.
fn decided(plan: &genie_selector::Plan) -> serde_json::Value {
    let attachments: Vec<Planned> = plan.attachments.iter().map(attachment::shown).collect();
    json!({"attachments": attachments, "reason": plan.reason})
}
