//! Channels: programs and chat groups that are told of what happens in a branch.
//!
//! Chat groups have members who may not read reports. So what is sent there says that something happened, and
//! where to look: no names, no titles of reports, no text.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::branch::BranchPath;
use super::names::names;
use super::notice::NoticeEvent;

/// How a channel wants to be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelKind {
    /// A program, as Standard Webhooks says (<https://www.standardwebhooks.com>).
    Webhook,
    /// A group robot of WeCom (企业微信).
    Wecom,
    /// A group robot of DingTalk (钉钉).
    Dingtalk,
    /// A group robot of Feishu (飞书).
    Feishu,
}

names!(ChannelKind, "kind of channel", {
    Webhook = "webhook",
    Wecom = "wecom",
    Dingtalk = "dingtalk",
    Feishu = "feishu",
});

impl ChannelKind {
    /// The least time between two messages: WeCom and DingTalk take 20 a minute, Feishu 100 a minute and 5 a
    /// second.
    pub const fn pace(self) -> Duration {
        match self {
            Self::Webhook => Duration::ZERO,
            Self::Wecom | Self::Dingtalk => Duration::from_secs(3),
            Self::Feishu => Duration::from_millis(600),
        }
    }
}

/// Where notices of a branch go besides people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// The id.
    pub id: Uuid,
    /// Whose notices: this branch's, and those of all below it.
    pub branch: BranchPath,
    /// How it wants to be spoken to.
    pub kind: ChannelKind,
    /// What people call it.
    pub name: String,
    /// Where it is. The addresses of robots are secrets.
    pub url: String,
    /// What messages are signed with; may be empty.
    pub secret: String,
    /// Of what it is told; none: of everything.
    pub events: Vec<NoticeEvent>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

impl Channel {
    /// Whether it is told of this.
    pub fn wants(&self, event: NoticeEvent) -> bool {
        self.events.is_empty() || self.events.contains(&event)
    }
}
