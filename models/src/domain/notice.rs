//! Notices: what people are told of, when they get it by mail, and in which words.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Serialize};

use super::failure::{FailureCode, Lang};
use super::ids::{NoticeId, PersonId, ReportId, RoundId};
use super::names::names;

/// What somebody is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeEvent {
    /// A round was opened.
    RoundOpened,
    /// The deadline of a round is near, and nothing is handed in.
    DeadlineNear,
    /// A reviewer reminds of a round.
    Reminded,
    /// A report was handed in.
    HandedIn,
    /// A report can be read.
    Ready,
    /// A report cannot be processed: another file is needed.
    ProcessingFailed,
    /// A report was returned.
    Returned,
    /// A report was accepted.
    Accepted,
    /// Something was said about a report: to its author, or by them.
    Commented,
}

names!(NoticeEvent, "event", {
    RoundOpened = "round_opened",
    DeadlineNear = "deadline_near",
    Reminded = "reminded",
    HandedIn = "handed_in",
    Ready = "ready",
    ProcessingFailed = "processing_failed",
    Returned = "returned",
    Accepted = "accepted",
    Commented = "commented",
});

/// What a notice says besides what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NoticeDetail {
    /// The title of the report or of the round.
    #[serde(default)]
    pub title: String,
    /// Whose report it is, for those who read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The deadline of the round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DateTime<Utc>>,
    /// Why it cannot be processed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureCode>,
}

/// How far the mail of a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailState {
    /// There is none.
    None,
    /// It is to be sent.
    Queued,
    /// It is to be part of a digest.
    Digest,
    /// It was sent.
    Sent,
}

names!(MailState, "state of a mail", {
    None = "none",
    Queued = "queued",
    Digest = "digest",
    Sent = "sent",
});

/// Something that somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The id. Ids sort by time.
    pub id: NoticeId,
    /// Who is told.
    pub person: PersonId,
    /// Of what.
    pub event: NoticeEvent,
    /// The report that it is about.
    pub report: Option<ReportId>,
    /// The round that it is about.
    pub round: Option<RoundId>,
    /// What it says.
    pub detail: NoticeDetail,
    /// How far its mail is.
    pub mail: MailState,
    /// Since when there is something to tell.
    pub created_at: DateTime<Utc>,
    /// When it was read.
    pub read_at: Option<DateTime<Utc>>,
}

/// When somebody wants mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailMode {
    /// At once, of what is one's own; of others' reports, in a digest.
    AtOnce,
    /// In a digest, once a day.
    Daily,
    /// Not at all.
    Never,
}

names!(MailMode, "mode of mail", {
    AtOnce = "at_once",
    Daily = "daily",
    Never = "never",
});

/// How somebody wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeSettings {
    /// When they want mail.
    pub mail: MailMode,
    /// Of what they want none.
    pub muted: Vec<NoticeEvent>,
    /// Between which minutes of their day they want none.
    pub quiet: Option<(u16, u16)>,
    /// Their time, in minutes before that of Greenwich.
    pub utc_offset: i16,
    /// Their language.
    pub lang: Lang,
}

impl Default for NoticeSettings {
    /// In China, nights undisturbed.
    fn default() -> Self {
        Self {
            mail: MailMode::AtOnce,
            muted: vec![],
            quiet: Some((22 * 60, 7 * 60)),
            utc_offset: 8 * 60,
            lang: Lang::Zh,
        }
    }
}

/// Digests go out in this hour of somebody's day.
const DIGEST_HOUR: u32 = 8;

impl NoticeSettings {
    /// What becomes of the mail of a notice.
    pub fn mail_of(&self, event: NoticeEvent, own: bool) -> MailState {
        match (self.mail, self.muted.contains(&event)) {
            (_, true) | (MailMode::Never, _) => MailState::None,
            (MailMode::AtOnce, _) if own => MailState::Queued,
            (MailMode::AtOnce | MailMode::Daily, _) => MailState::Digest,
        }
    }

    /// The time from `now` on at which they are not disturbed.
    pub fn when(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let Some((from, to)) = self.quiet else { return now };
        let local = self.local(now);
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0);
        // A night begins on one day and ends on the next.
        let quiet =
            if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to };
        if !quiet {
            return now;
        }
        let left = (i64::from(to) - i64::from(minute)).rem_euclid(24 * 60);
        now + TimeDelta::minutes(left) - TimeDelta::seconds(i64::from(local.second()))
    }

    /// Whether it is the time for their digest.
    pub fn is_digest_time(&self, now: DateTime<Utc>) -> bool {
        self.local(now).hour() == DIGEST_HOUR
    }

    /// Their time.
    pub fn local(&self, time: DateTime<Utc>) -> DateTime<Utc> {
        time + TimeDelta::minutes(i64::from(self.utc_offset))
    }
}

impl Notice {
    /// What it says in a line, and what to do.
    pub fn text(&self, settings: &NoticeSettings) -> (String, String) {
        let (lang, detail) = (settings.lang, &self.detail);
        let title = match detail.title.trim() {
            "" => lang.pick("思想汇报", "Thought report"),
            title => title,
        };
        let of = |author: &str| match lang {
            Lang::Zh => format!("{author}的《{title}》"),
            Lang::En => format!("\u{201c}{title}\u{201d} by {author}"),
        };
        let what = match (&detail.author, lang) {
            (Some(author), _) => of(author),
            (None, Lang::Zh) => format!("《{title}》"),
            (None, Lang::En) => format!("\u{201c}{title}\u{201d}"),
        };
        let deadline = detail.deadline.map(|at| settings.local(at).format("%Y-%m-%d %H:%M"));
        let by = deadline.map(|at| at.to_string()).unwrap_or_default();
        let (zh, en) = match self.event {
            NoticeEvent::RoundOpened => (
                (format!("请提交：{title}"), format!("截止时间：{by}。")),
                (format!("Please hand in: {title}"), format!("It is due by {by}.")),
            ),
            NoticeEvent::DeadlineNear => (
                (format!("即将截止：{title}"), format!("你还没有提交。截止时间：{by}。")),
                (
                    format!("Due soon: {title}"),
                    format!("You have handed in nothing yet. It is due by {by}."),
                ),
            ),
            NoticeEvent::Reminded => (
                (
                    format!("提醒：请提交{title}"),
                    format!("审阅人提醒你：还没有收到你的汇报。截止时间：{by}。"),
                ),
                (
                    format!("Reminder: {title}"),
                    format!(
                        "A reviewer reminds you that your report is missing. It is due by {by}."
                    ),
                ),
            ),
            NoticeEvent::HandedIn => (
                (format!("{what}已提交"), "已收到，正在处理。".to_owned()),
                (
                    format!("{what} is handed in"),
                    "It has arrived and is being processed.".to_owned(),
                ),
            ),
            NoticeEvent::Ready => (
                (format!("{what}可以查看了"), "转写已完成。".to_owned()),
                (format!("{what} can be read"), "The transcript is done.".to_owned()),
            ),
            NoticeEvent::ProcessingFailed => {
                let why = |lang| detail.failure.map_or("", |code| code.message(lang)).to_owned();
                (
                    (format!("{what}处理失败，请重新提交"), why(Lang::Zh)),
                    (format!("{what} could not be processed"), why(Lang::En)),
                )
            }
            NoticeEvent::Returned => (
                (format!("{what}已退回"), "请查看理由，修改后再次提交。".to_owned()),
                (
                    format!("{what} was returned"),
                    "Please read the reasons and hand it in again.".to_owned(),
                ),
            ),
            NoticeEvent::Accepted => (
                (format!("{what}已通过"), String::new()),
                (format!("{what} was accepted"), String::new()),
            ),
            NoticeEvent::Commented => (
                (format!("{what}有新的留言"), "请打开查看。".to_owned()),
                (format!("{what} has a new comment"), "Please open it to read.".to_owned()),
            ),
        };
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    /// The page about it.
    pub fn page(&self) -> String {
        page(self.report, self.round)
    }
}

/// The page about a report, or else about a round.
pub fn page(report: Option<ReportId>, round: Option<RoundId>) -> String {
    match (report, round) {
        (Some(report), _) => format!("/#/reports/{report}"),
        (None, Some(round)) => format!("/#/rounds/{round}"),
        (None, None) => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> DateTime<Utc> {
        time.parse().unwrap()
    }

    #[test]
    fn nights_are_quiet() {
        let china = NoticeSettings::default();
        for (now, when) in [
            // 21:59 and 07:00 in China.
            ("2026-11-27T13:59:00Z", "2026-11-27T13:59:00Z"),
            ("2026-11-27T23:00:00Z", "2026-11-27T23:00:00Z"),
            // 22:00, midnight and 06:59:30 there.
            ("2026-11-27T14:00:00Z", "2026-11-27T23:00:00Z"),
            ("2026-11-27T16:00:00Z", "2026-11-27T23:00:00Z"),
            ("2026-11-27T22:59:30Z", "2026-11-27T23:00:00Z"),
        ] {
            assert_eq!(china.when(at(now)), at(when), "{now}");
        }
        let noon = NoticeSettings { quiet: Some((720, 780)), utc_offset: 0, ..china.clone() };
        assert_eq!(noon.when(at("2026-11-27T12:30:00Z")), at("2026-11-27T13:00:00Z"));
        let never = NoticeSettings { quiet: None, ..china };
        assert_eq!(never.when(at("2026-11-27T16:00:00Z")), at("2026-11-27T16:00:00Z"));
        assert!(never.is_digest_time(at("2026-11-27T00:30:00Z")));
    }

    #[test]
    fn mail_comes_as_it_is_wanted() {
        let settings = NoticeSettings::default();
        assert_eq!(settings.mail_of(NoticeEvent::Ready, true), MailState::Queued);
        assert_eq!(settings.mail_of(NoticeEvent::Ready, false), MailState::Digest);
        let daily = NoticeSettings { mail: MailMode::Daily, ..settings.clone() };
        assert_eq!(daily.mail_of(NoticeEvent::Ready, true), MailState::Digest);
        let muted = NoticeSettings { muted: vec![NoticeEvent::Ready], ..settings.clone() };
        assert_eq!(muted.mail_of(NoticeEvent::Ready, true), MailState::None);
        assert_eq!(muted.mail_of(NoticeEvent::HandedIn, true), MailState::Queued);
        let never = NoticeSettings { mail: MailMode::Never, ..settings };
        assert_eq!(never.mail_of(NoticeEvent::Ready, true), MailState::None);
    }

    #[test]
    fn every_event_has_words_in_both_languages() {
        for event in NoticeEvent::ALL {
            let notice = Notice {
                id: NoticeId::new(),
                person: PersonId::new(),
                event: *event,
                report: None,
                round: Some(RoundId::new()),
                detail: NoticeDetail {
                    title: "第四季度".into(),
                    author: Some("李晓明".into()),
                    deadline: Some(at("2026-12-31T15:59:00Z")),
                    failure: Some(FailureCode::NotMedia),
                },
                mail: MailState::None,
                created_at: at("2026-11-27T00:00:00Z"),
                read_at: None,
            };
            let settings = NoticeSettings::default();
            let (zh, zh_body) = notice.text(&settings);
            let (en, _) = notice.text(&NoticeSettings { lang: Lang::En, ..settings });
            assert!(zh.contains("第四季度") && en.contains("第四季度") && zh != en, "{zh} {en}");
            if *event == NoticeEvent::RoundOpened {
                assert!(zh_body.contains("2026-12-31 23:59"), "{zh_body}");
            }
        }
    }
}
