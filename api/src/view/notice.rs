//! Notices, how one wants to be told, and channels.

use chrono::{DateTime, Utc};
use huibao_models::domain::channel::{Channel, ChannelKind};
use huibao_models::domain::failure::Lang;
use huibao_models::domain::ids::{ReportId, RoundId};
use huibao_models::domain::notice::{MailMode, MailState, Notice, NoticeEvent, NoticeSettings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::enums;

/// A page of notices.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NoticeList {
    /// The newest first.
    pub notices: Vec<NoticeView>,
    /// How many are not read, those on other pages included.
    pub unread: u64,
    /// The `before` of the next page; null on the last.
    #[schema(required)]
    pub next: Option<Uuid>,
}

/// Something that one is told.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Notice)]
pub struct NoticeView {
    /// The id. Ids sort by time.
    pub id: Uuid,
    /// Of what.
    #[schema(value_type = enums::NoticeEvent)]
    pub event: NoticeEvent,
    /// What it says in a line, in the requested language.
    pub subject: String,
    /// And what to do.
    pub body: String,
    /// The report that it is about.
    #[schema(required)]
    pub report: Option<Uuid>,
    /// The round that it is about.
    #[schema(required)]
    pub round: Option<Uuid>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was read.
    #[schema(required)]
    pub read_at: Option<DateTime<Utc>>,
    /// How far its mail is.
    #[schema(value_type = enums::MailState)]
    pub mail: MailState,
}

/// Up to which notice everything was read.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ReadNotices {
    /// The id of the newest that was read.
    pub up_to: Uuid,
}

/// How one wants to be told.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = NoticeSettings)]
pub struct NoticeSettingsView {
    /// When one wants mail.
    #[schema(value_type = enums::MailMode)]
    pub mail: MailMode,
    /// Of what one wants none.
    #[schema(value_type = Vec<enums::NoticeEvent>)]
    pub muted: Vec<NoticeEvent>,
    /// From which minute of one's day on one wants none; null with `quiet_to`: always.
    #[schema(required, maximum = 1439)]
    pub quiet_from: Option<u16>,
    /// Until which minute.
    #[schema(required, maximum = 1439)]
    pub quiet_to: Option<u16>,
    /// One's time, in minutes before that of Greenwich: 480 in China.
    #[schema(minimum = -840, maximum = 840)]
    pub utc_offset: i16,
    /// The language of mail: `zh` or `en`.
    pub lang: String,
}

/// Channels.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChannelList {
    /// In the order in which they were added.
    pub channels: Vec<ChannelView>,
}

/// One channel.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChannelBody {
    /// The channel.
    pub channel: ChannelView,
}

/// Where notices of a branch go besides people. Its address and secret are not shown again: with those of a
/// robot, anybody can write to the group.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Channel)]
pub struct ChannelView {
    /// The id.
    pub id: Uuid,
    /// Whose notices: this branch's, and those of all below it.
    pub branch: String,
    /// How it wants to be spoken to.
    #[schema(value_type = enums::ChannelKind)]
    pub kind: ChannelKind,
    /// What people call it.
    pub name: String,
    /// The host of its address.
    pub host: String,
    /// Of what it is told; none: of everything.
    #[schema(value_type = Vec<enums::NoticeEvent>)]
    pub events: Vec<NoticeEvent>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// A channel that is to be added.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewChannel {
    /// Whose notices: this branch's, and those of all below it.
    pub branch: String,
    /// How it wants to be spoken to.
    #[schema(value_type = enums::ChannelKind)]
    pub kind: ChannelKind,
    /// What people call it.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub name: String,
    /// Its address.
    #[schema(max_length = 1000)]
    pub url: String,
    /// What messages are signed with: `whsec_…` for a webhook, what the robot's page shows for DingTalk and
    /// Feishu.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub secret: String,
    /// Of what it is told; none: of everything.
    #[serde(default)]
    #[schema(value_type = Vec<enums::NoticeEvent>)]
    pub events: Vec<NoticeEvent>,
}

impl NoticeView {
    /// The view of a notice, in somebody's time and language.
    pub(crate) fn new(notice: &Notice, settings: &NoticeSettings, lang: Lang) -> Self {
        let (subject, body) = notice.text(&NoticeSettings { lang, ..settings.clone() });
        Self {
            id: notice.id.uuid(),
            event: notice.event,
            subject,
            body,
            report: notice.report.map(ReportId::uuid),
            round: notice.round.map(RoundId::uuid),
            created_at: notice.created_at,
            read_at: notice.read_at,
            mail: notice.mail,
        }
    }
}

impl From<NoticeSettings> for NoticeSettingsView {
    fn from(settings: NoticeSettings) -> Self {
        let (quiet_from, quiet_to) = settings.quiet.unzip();
        Self {
            mail: settings.mail,
            muted: settings.muted,
            quiet_from,
            quiet_to,
            utc_offset: settings.utc_offset,
            lang: settings.lang.pick("zh", "en").to_owned(),
        }
    }
}

impl From<Channel> for ChannelView {
    fn from(channel: Channel) -> Self {
        let url: Option<url::Url> = channel.url.parse().ok();
        Self {
            id: channel.id,
            branch: channel.branch.to_string(),
            kind: channel.kind,
            name: channel.name,
            host: url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default(),
            events: channel.events,
            created_at: channel.created_at,
        }
    }
}
