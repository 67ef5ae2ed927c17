//! `genie-host ask-api`: one question on standard input, one answer on standard output.

use std::io::{BufRead as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::client;
use super::read;
use genie_core::agent_api::protocol::{Answer, Body};
use genie_core::sources::ApiOrder;

/// Answers the one question on standard input.
///
/// # Errors
/// The question cannot be read, or the answer cannot be written.
pub fn ask_api() -> Result<()> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let order: ApiOrder = serde_json::from_str(&line).context("no question on standard input")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let limit = Duration::from_millis(order.millis);
    let answer = runtime.block_on(async {
        match tokio::time::timeout(limit, answer(&order)).await {
            Ok(answer) => answer.unwrap_or_else(Answer::Error),
            Err(_) => Answer::Error(format!("the API server did not answer within {limit:.1?}")),
        }
    });
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&answer)?)?;
    Ok(())
}

async fn answer(order: &ApiOrder) -> Result<Answer, String> {
    let config = client::config(&order.access).await?;
    let server = config.cluster_url.to_string();
    let client = client::client(config)?;
    let answer = match &order.question {
        Body::Pod(identity) => read::pod(&client, identity).await.map(Answer::Pod),
        Body::Object { object, .. } => read::object(&client, object).await.map(Answer::Object).map_err(String::from),
        Body::TrafficRate { .. } => Err("the API server knows no traffic".into()),
        // The plugin asks for one object at a time here: a child is a process of its own.
        Body::Objects { .. } | Body::Report(_) => Err("that is no question of the plugin".into()),
    };
    answer.map_err(|error| format!("{error} (asked {})", server.trim_end_matches('/')))
}
