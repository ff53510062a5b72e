//! Posting to channels.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use huibao_models::domain::channel::{Channel, ChannelKind};
use huibao_models::domain::failure::Lang;
use huibao_models::domain::ids::{ReportId, RoundId};
use huibao_models::domain::notice::{NoticeEvent, page};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde_json::json;
use url::{Host, Url};
use uuid::Uuid;

use super::address::{PublicOnly, is_public};
use super::{DeliveryError, NoticeConfig, robots, webhook};

/// Another side that takes longer is busy.
const TIMEOUT: Duration = Duration::from_secs(15);

/// So much of an answer is read.
const MAX_ANSWER: usize = 16 * 1024;

/// What a channel is told.
pub(crate) struct Post<'a> {
    /// What tells it from others, however often it is sent.
    pub id: Uuid,
    /// What happened.
    pub event: NoticeEvent,
    /// In which branch.
    pub branch: &'a str,
    /// To which report.
    pub report: Option<Uuid>,
    /// In which round.
    pub round: Option<Uuid>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Posts to channels.
pub(crate) struct Poster<'a> {
    client: Client,
    config: &'a NoticeConfig,
}

impl<'a> Poster<'a> {
    pub(crate) fn new(config: &'a NoticeConfig) -> Result<Self, DeliveryError> {
        // It may be installed already; then that one stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A redirect could lead anywhere.
        let mut builder = Client::builder().redirect(Policy::none()).timeout(TIMEOUT).no_proxy();
        if !config.private_addresses {
            builder = builder.dns_resolver(Arc::new(PublicOnly));
        }
        let client = builder.build().map_err(|error| DeliveryError::Final(error.to_string()))?;
        Ok(Self { client, config })
    }

    /// Tells a channel something.
    pub(crate) async fn send(
        &self,
        channel: &Channel,
        post: &Post<'_>,
    ) -> Result<(), DeliveryError> {
        let url = self.allowed(&channel.url)?;
        if channel.kind == ChannelKind::Webhook {
            return self.webhook(channel, url, post).await;
        }
        let text = self.text(post);
        let unix_ms = Utc::now().timestamp_millis();
        let (url, body) = robots::message(channel.kind, url, &channel.secret, &text, unix_ms);
        let answer = self.client.post(url).json(&body).send().await.map_err(unreachable)?;
        accepted(answer.status())?;
        robots::verdict(&read(answer).await?)
    }

    async fn webhook(
        &self,
        channel: &Channel,
        url: Url,
        post: &Post<'_>,
    ) -> Result<(), DeliveryError> {
        let body = json!({
            "type": format!("report.{}", post.event),
            "timestamp": post.at,
            "data": { "branch": post.branch, "report": post.report, "round": post.round },
        });
        let (id, body, timestamp) = (post.id.to_string(), body.to_string(), Utc::now().timestamp());
        let mut request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp.to_string());
        if let Some(signature) = webhook::signature(&channel.secret, &id, timestamp, &body) {
            request = request.header("webhook-signature", signature);
        }
        let answer = request.body(body).send().await.map_err(unreachable)?;
        accepted(answer.status())
    }

    /// The address, unless it is a private one. Names are looked at where they are resolved.
    fn allowed(&self, url: &str) -> Result<Url, DeliveryError> {
        let refuse = |why: &str| DeliveryError::Final(why.to_owned());
        let url: Url = url.parse().map_err(|_| refuse("its address is none"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("its address is none"));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            _ => None,
        };
        if !self.config.private_addresses && literal.is_some_and(|address| !is_public(address)) {
            return Err(refuse("its address is private (private_channels allows that)"));
        }
        Ok(url)
    }

    /// What a chat group reads. Its members may not be allowed to read reports.
    fn text(&self, post: &Post<'_>) -> String {
        let (zh, en) = match post.event {
            NoticeEvent::RoundOpened => ("新一轮思想汇报开始", "a round of reports was opened"),
            NoticeEvent::DeadlineNear => ("思想汇报即将截止", "a round of reports ends soon"),
            NoticeEvent::Reminded => ("有人还没有提交思想汇报", "reports of a round are missing"),
            NoticeEvent::HandedIn => ("收到一份思想汇报", "a report was handed in"),
            NoticeEvent::Ready => ("有一份思想汇报可以审阅", "a report can be read"),
            NoticeEvent::ProcessingFailed => {
                ("一份思想汇报处理失败", "a report could not be processed")
            }
            NoticeEvent::Returned => ("一份思想汇报已退回", "a report was returned"),
            NoticeEvent::Accepted => ("一份思想汇报已通过", "a report was accepted"),
            NoticeEvent::Commented => ("一份思想汇报有新的留言", "a report has a new comment"),
        };
        let page = page(post.report.map(ReportId::from), post.round.map(RoundId::from));
        let link = self.config.link(&page).unwrap_or_default();
        let what = Lang::default().pick(zh, en);
        format!("[汇报] {}：{what} {link}", post.branch).trim_end().to_owned()
    }
}

fn accepted(status: StatusCode) -> Result<(), DeliveryError> {
    match status.as_u16() {
        200..=299 => Ok(()),
        408 | 429 | 500..=599 => Err(DeliveryError::Passing(format!("it answers {status}"))),
        // Redirects included.
        _ => Err(DeliveryError::Final(format!("it answers {status}"))),
    }
}

/// Without the address: that of a robot is a secret.
fn unreachable(error: reqwest::Error) -> DeliveryError {
    let text = error.without_url().to_string();
    DeliveryError::Passing(if text.is_empty() { "no answer".to_owned() } else { text })
}

async fn read(mut answer: reqwest::Response) -> Result<String, DeliveryError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}
