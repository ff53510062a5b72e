//! The command line's contract: help, exit codes, configuration.

use crate::support::media::short;
use crate::support::{huibao, names, only_object};

#[test]
fn help_documents_the_contract() {
    let help = huibao().arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for word in ["process", "up", "doctor", "config", "65", "69", "75", "--json"] {
        assert!(help.contains(word), "{word} is missing in {help}");
    }
}

#[test]
fn a_wrong_command_line_is_two() {
    for args in [&["process"][..], &["nonsense"], &["process", "/nonexistent.mp4"]] {
        assert_eq!(huibao().args(args).output().unwrap().status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn messages_come_in_the_users_language() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.mp4");
    std::fs::write(&text, "text").unwrap();
    for (lang, word) in
        [("zh_CN.UTF-8", "不是可以播放的视频"), ("en_US.UTF-8", "not a playable video")]
    {
        let output = huibao()
            .env("LANG", lang)
            .args(["process", "--json", "--out"])
            .arg(folder.path().join("out"))
            .arg(&text)
            .output()
            .unwrap();
        let message = only_object(&output)["error"]["message"].to_string();
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn a_missing_model_is_unavailable_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let (out, video) = (folder.path().join("out"), short(folder.path(), 3));
    for (setting, value) in
        [("HUIBAO_MODEL_DIR", folder.path()), ("HUIBAO_VAD_MODEL", &folder.path().join("none"))]
    {
        let output = huibao()
            .env(setting, value)
            .args(["process", "--json", "--out"])
            .arg(&out)
            .arg(&video)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(69), "{setting}");
        assert_eq!(only_object(&output)["error"]["code"], "model_missing", "{setting}");
        assert!(names(&out).is_empty());
    }
    let doctor = huibao().env("HUIBAO_MODEL_DIR", folder.path()).arg("doctor").output().unwrap();
    assert_eq!(doctor.status.code(), Some(69));
    assert!(String::from_utf8(doctor.stdout).unwrap().contains("fetch-model"));
}

#[test]
fn doctor_finds_this_machine_fit() {
    let doctor = huibao().args(["doctor", "--json"]).output().unwrap();
    assert_eq!(only_object(&doctor)["ok"], true, "{}", String::from_utf8_lossy(&doctor.stdout));
    assert!(doctor.status.success());
}

#[test]
fn config_shows_what_is_in_force_without_secrets() {
    let output = huibao()
        .env("HUIBAO_QUEUE_URL", "amqp://me:hunter2@host/")
        .env("HUIBAO_MAX_DURATION_SECONDS", "90")
        .arg("config")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("max_duration_seconds = 90"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_configuration_that_cannot_be_names_the_setting() {
    let output = huibao().env("HUIBAO_DATABASE_URL", "mysql://x").arg("config").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("database_url"));
}
