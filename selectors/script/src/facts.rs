//! `facts`: what a script may ask the host for.
//!
//! A fact that cannot be had now is an error of the kind `unavailable`. A fact that the entry does
//! not grant ends the call.

use genie_selector::{Refusal, cluster, namespace, node, pod};
use rquickjs::function::Opt;
use rquickjs::{Ctx, Function, Object, Value};

use crate::arguments::{optional, text};
use crate::refusals;

/// The object `facts`.
pub fn object<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
    let facts = Object::new(ctx.clone())?;
    facts.set("labels", Function::new(ctx.clone(), labels)?)?;
    facts.set("serviceAccount", Function::new(ctx.clone(), service_account)?)?;
    facts.set("owner", Function::new(ctx.clone(), owner)?)?;
    facts.set("object", Function::new(ctx.clone(), cluster_object)?)?;
    facts.set("namespaceLabels", Function::new(ctx.clone(), namespace_labels)?)?;
    facts.set("traffic", Function::new(ctx.clone(), traffic)?)?;
    facts.set("trafficRate", Function::new(ctx.clone(), traffic_rate)?)?;
    facts.set("nodeLabel", Function::new(ctx.clone(), node_label)?)?;
    facts.set("freeAddresses", Function::new(ctx.clone(), free_addresses)?)?;
    Ok(facts)
}

/// An object without a prototype: a label that is called `constructor` is a label.
pub fn map<'js>(ctx: &Ctx<'js>, pairs: impl IntoIterator<Item = (String, String)>) -> rquickjs::Result<Object<'js>> {
    let map = Object::new(ctx.clone())?;
    map.set_prototype(None)?;
    for (key, value) in pairs {
        map.set(key, value)?;
    }
    Ok(map)
}

fn known<T>(ctx: &Ctx<'_>, fact: Result<T, Refusal>) -> rquickjs::Result<T> {
    fact.map_err(|refusal| refusals::throw(ctx, &refusal))
}

// Arguments of functions of scripts come by value.
#[allow(clippy::needless_pass_by_value)]
fn labels(ctx: Ctx<'_>) -> rquickjs::Result<Object<'_>> {
    map(&ctx, known(&ctx, pod::labels())?)
}

#[allow(clippy::needless_pass_by_value)]
fn service_account(ctx: Ctx<'_>) -> rquickjs::Result<String> {
    known(&ctx, pod::service_account())
}

/// `{kind, name}`, or null for a pod without an owner.
#[allow(clippy::needless_pass_by_value)]
fn owner(ctx: Ctx<'_>) -> rquickjs::Result<Value<'_>> {
    let Some((kind, name)) = known(&ctx, pod::owner())? else {
        return Ok(Value::new_null(ctx));
    };
    let owner = Object::new(ctx)?;
    owner.set("kind", kind)?;
    owner.set("name", name)?;
    Ok(owner.into_value())
}

#[allow(clippy::needless_pass_by_value)]
fn cluster_object<'js>(
    ctx: Ctx<'js>,
    api_version: Opt<Value<'js>>,
    kind: Opt<Value<'js>>,
    namespace: Opt<Value<'js>>,
    name: Opt<Value<'js>>,
) -> rquickjs::Result<Value<'js>> {
    const CALLED: &str = "facts.object";
    let api_version = text(&ctx, CALLED, "apiVersion", &api_version)?;
    let kind = text(&ctx, CALLED, "kind", &kind)?;
    let namespace = optional(&ctx, CALLED, "namespace", &namespace)?;
    let name = text(&ctx, CALLED, "name", &name)?;
    parsed(&ctx, cluster::get(&api_version, &kind, namespace.as_deref(), &name))
}

/// An object of the cluster as a value; null when it does not exist.
fn parsed<'js>(ctx: &Ctx<'js>, object: Result<Option<String>, Refusal>) -> rquickjs::Result<Value<'js>> {
    match known(ctx, object)? {
        Some(json) => ctx.json_parse(json),
        None => Ok(Value::new_null(ctx.clone())),
    }
}

#[allow(clippy::needless_pass_by_value)]
fn namespace_labels(ctx: Ctx<'_>) -> rquickjs::Result<Object<'_>> {
    map(&ctx, known(&ctx, namespace::labels())?)
}

#[allow(clippy::needless_pass_by_value)]
fn traffic<'js>(ctx: Ctx<'js>, prefix: Opt<Value<'js>>) -> rquickjs::Result<Object<'js>> {
    let prefix = text(&ctx, "facts.traffic", "prefix", &prefix)?;
    let counters = known(&ctx, node::traffic(&prefix))?;
    both(ctx, counters.rx_bytes, counters.tx_bytes)
}

#[allow(clippy::needless_pass_by_value)]
fn traffic_rate<'js>(ctx: Ctx<'js>, prefix: Opt<Value<'js>>) -> rquickjs::Result<Object<'js>> {
    let prefix = text(&ctx, "facts.trafficRate", "prefix", &prefix)?;
    let rates = known(&ctx, node::traffic_rate(&prefix))?;
    both(ctx, rates.rx_bytes, rates.tx_bytes)
}

fn both(ctx: Ctx<'_>, received: u64, sent: u64) -> rquickjs::Result<Object<'_>> {
    let traffic = Object::new(ctx)?;
    traffic.set("rxBytes", number(received))?;
    traffic.set("txBytes", number(sent))?;
    Ok(traffic)
}

#[allow(clippy::needless_pass_by_value)]
fn node_label<'js>(ctx: Ctx<'js>, key: Opt<Value<'js>>) -> rquickjs::Result<Value<'js>> {
    let key = text(&ctx, "facts.nodeLabel", "key", &key)?;
    or_null(&ctx, known(&ctx, node::label(&key))?)
}

#[allow(clippy::needless_pass_by_value)]
fn free_addresses<'js>(ctx: Ctx<'js>, file: Opt<Value<'js>>) -> rquickjs::Result<Value<'js>> {
    let file = text(&ctx, "facts.freeAddresses", "file", &file)?;
    or_null(&ctx, known(&ctx, node::free_addresses(&file))?.map(number))
}

/// The value, or null: JavaScript's words for none are two, and scripts get one of them.
fn or_null<'js, T: rquickjs::IntoJs<'js>>(ctx: &Ctx<'js>, value: Option<T>) -> rquickjs::Result<Value<'js>> {
    match value {
        Some(value) => value.into_js(ctx),
        None => Ok(Value::new_null(ctx.clone())),
    }
}

/// A counter as JavaScript has numbers: exact up to 9 PB.
#[allow(clippy::cast_precision_loss)]
const fn number(count: u64) -> f64 {
    count as f64
}
