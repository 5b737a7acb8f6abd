//! A template of AMP of our own, with the traps of those that are public.

use super::{Draft, ImportFile, ImportOptions, beside, read};

const KVP: &str = "Meta.DisplayName=Castle Siege\r\n\
    Meta.ConfigManifest=siegeconfig.json\r\n\
    App.RootDir=./siege/\r\n\
    App.BaseDirectory=./siege/123/\r\n\
    App.ExecutableLinux=123/siege{{Build}}\r\n\
    App.WorkingDir=123\r\n\
    App.LinuxCommandLineArgs=-nohomedir\r\n\
    App.CommandLineArgs={{$PlatformArgs}} -port {{$GamePort}} {{Crossplay}}-home \"{{$FullBaseDir}}saves\" {{$FormattedArgs}} {{Gone}}\r\n\
    App.CommandLineParameterFormat=-{0} \"{1}\"\r\n\
    App.CommandLineParameterDelimiter= \r\n\
    App.EnvironmentVariables={\"LD_LIBRARY_PATH\":\"{{$FullBaseDir}}lib:%LD_LIBRARY_PATH%\"}\r\n\
    App.ExitMethod=String\r\n\
    App.ExitString=q\\n\r\n\
    App.ExitTimeout=45\r\n\
    App.AdminMethod=SourceRCON\r\n\
    App.AdminPortRef=RconPort\r\n\
    App.Ports=@IncludeJson[siegeports.json]\r\n\
    App.PrimaryApplicationPortRef=GamePort\r\n\
    App.UniversalSleepSteamQueryPortRef=QueryPort\r\n\
    App.RemoteAdminPassword=letmein\r\n\
    App.ApplicationReadyMode=RegexMatch\r\n\
    Console.AppReadyRegex=^\\[[\\d:]+\\] \\<Gates\\> open on {{$GamePort}}$\r\n";

const PORTS: &str = r#"[
  { "Protocol": "UDP", "Port": 7000, "Ref": "GamePort", "ChildPorts": [
    { "Protocol": "UDP", "Offset": 1, "Port": 1, "Ref": "QueryPort" } ] },
  { "Protocol": "TCP", "Port": "7010", "Ref": "RconPort" },
]"#;

const SETTINGS: &str = r#"[
  { "FieldName": "Build", "InputType": "enum", "DefaultValue": "64", "EnumValues": { "64": "The new one" } },
  { "FieldName": "Crossplay", "InputType": "checkbox", "DefaultValue": "True",
    "EnumValues": { "False": "", "True": "-cross -play " } },
  { "FieldName": "Name", "ParamFieldName": "name", "InputType": "text", "DefaultValue": "My castle",
    "IncludeInCommandLine": true },
  { "FieldName": "Motd", "ParamFieldName": "motd", "InputType": "text", "DefaultValue": "",
    "IncludeInCommandLine": "true", "SkipIfEmpty": true },
  { "FieldName": "Key", "ParamFieldName": "key", "InputType": "Password", "DefaultValue": "opensesame",
    "IncludeInCommandLine": true }
]"#;

fn file(name: &str, text: &str) -> ImportFile {
    ImportFile::new(name, text.as_bytes()).expect("text")
}

fn told(kvp: &str, options: &ImportOptions) -> String {
    let near = [file("siegeports.json", PORTS), file("siegeconfig.json", SETTINGS)];
    let drafts = read(&file("siege.kvp", kvp), &near, None, options).unwrap_or_else(|problems| panic!("{problems}"));
    drafts.iter().map(Draft::to_instance).collect()
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn a_template_with_its_ports_and_settings() {
    assert_eq!(beside(&file("siege.kvp", KVP)), ["siegeconfig.json", "siegeports.json"]);
    let out = told(KVP, &ImportOptions::default());
    let args = "      args: # App.CommandLineArgs, line 8\n        \
        - \"-nohomedir\"\n        \
        - \"-port\"\n        \
        - \"7000\" # GamePort, line 2 of its ports\n        \
        - \"-cross\" # Crossplay, line 3 of its settings\n        \
        - \"-play\"\n        \
        - \"-home\"\n        \
        - \"../123/saves\"\n        \
        - \"-name\"\n        \
        - \"My castle\" # Name, line 5 of its settings\n        \
        - \"-key\"\n        \
        - \"${CASTLE_SIEGE_KEY:-SET-ME}\" # Key\n";
    has(
        &out,
        &[
            "executable: \"./123/siege64\" # App.ExecutableLinux, line 5; Build, line 2 of its settings\n",
            args,
            "cwd: \"./123\" # App.WorkingDir, line 6\n",
            "LD_LIBRARY_PATH: \"../123/lib\"\n",
            "game: 7000/udp # siegeports.json, line 2",
            "query: 7001/udp # siegeports.json, line 3",
            "rcon: 7010/tcp",
            "rcon: # App.AdminMethod, line 15\n      port: 7010 # RconPort, line 4 of its ports\n      password: \"${CASTLE_SIEGE_REMOTEADMINPASSWORD:-SET-ME}\"",
            "log: \"^\\\\[[\\\\d:]+\\\\] <Gates> open on 7000$$\" # Console.AppReadyRegex, line 22",
            "- { rcon: \"q\", wait: 45s }\n      - { signal: TERM, wait: 30s }",
            "players: # App.UniversalSleepSteamQueryPortRef, line 19\n      a2s: \"127.0.0.1:7001\"",
            "`{{Gone}}` is known to AMP alone",
            "Key is to be set",
        ],
    );
    assert!(
        !out.contains("letmein") && !out.contains("opensesame") && !out.contains("motd"),
        "{out}"
    );
    let placed = ImportOptions {
        folder: Some("/srv/siege".to_owned()),
        ..ImportOptions::default()
    };
    has(
        &told(KVP, &placed),
        &[
            "\"/srv/siege/123/siege64\"",
            "- \"/srv/siege/123/saves\"",
            "cwd: \"/srv/siege/123\"",
            "LD_LIBRARY_PATH: \"/srv/siege/123/lib\"",
        ],
    );
}

#[test]
fn ways_to_stop_and_to_be_ready() {
    for (from, to, parts) in [
        (
            "App.ExitMethod=String",
            "App.ExitMethod=OS_CLOSE",
            &["- { signal: INT, wait: 45s }", "OS_CLOSE"][..],
        ),
        (
            "App.ExitMethod=String",
            "App.ExitMethod=Kill",
            &[
                "stop: # App.ExitMethod, line 12\n      - { signal: TERM, wait: 45s }",
                "kills it at once",
            ],
        ),
        (
            "App.AdminMethod=SourceRCON",
            "App.AdminMethod=STDIO",
            &["- { stdin: \"q\", wait: 45s }"],
        ),
        (
            "App.AdminMethod=SourceRCON",
            "App.AdminMethod=BattlEyeRCON",
            &["AMP speaks BattlEyeRCON", "stops it by the word `q`", "- { signal: INT"],
        ),
        (
            "ReadyMode=RegexMatch",
            "ReadyMode=RCONConnected",
            &["ready:\n      rcon: true # App.ApplicationReadyMode"],
        ),
        ("ReadyMode=RegexMatch", "ReadyMode=Immediate", &["ready at once"]),
        (
            "ReadyMode=RegexMatch",
            "ReadyMode=ServerInfo",
            &["a2s: \"127.0.0.1:7001\" # App.ApplicationReadyMode"],
        ),
        (
            "\\<Gates\\> open",
            "(?!x)open",
            &["the pattern by which AMP knows that it is ready cannot be used"],
        ),
        (
            "Console.AppReadyRegex=",
            "Console.FilterMatchRegex=^\\d+ \r\nConsole.AppReadyRegex=",
            &["log: \"\\\\[[\\\\d:]+", "has lost its `^`"],
        ),
        (
            "App.ExitMethod=",
            "App.TailLogFilePath={{$FullBaseDir}}siege.log\r\nApp.ExitMethod=",
            &["log_file: \"../123/siege.log\"", "pattern: "],
        ),
        (
            "App.ExitMethod=",
            "App.MonitorChildProcessName=^.*{{$WineBaseDir}}Bin\\\\Siege-2\\.exe.*-Port={{$GamePort}}.*$\r\nApp.ExitMethod=",
            &["main: \"Siege-2\\\\.exe$$\" # App.MonitorChildProcessName, line 12"],
        ),
        (
            "123/siege{{Build}}",
            "/usr/bin/wine",
            &["executable: \"/usr/bin/wine\"", "`wine` may start the game"],
        ),
        ("123/siege{{Build}}", "", &["names no program for Linux"]),
        (
            "siegeports.json",
            "../siegeports.json",
            &["AMP speaks SourceRCON with it, over a port that the template does not say"],
        ),
    ] {
        assert!(KVP.contains(from), "{from}");
        has(&told(&KVP.replace(from, to), &ImportOptions::default()), parts);
    }
    let file = file("siege.kvp", &KVP.replace("siegeports.json", "gone.json"));
    let drafts = read(&file, &[], None, &ImportOptions::default()).expect("a template alone");
    has(&drafts[0].to_instance(), &["gone.json is not beside the template"]);
}

#[test]
fn values_that_name_each_other_come_to_an_end() {
    let many = |name: &str| format!("{{{{{name}}}}}").repeat(2000);
    let settings = format!(
        r#"[{{ "FieldName": "A", "DefaultValue": "{}" }}, {{ "FieldName": "B", "DefaultValue": "{}" }}]"#,
        many("B"),
        many("A")
    );
    let near = [file("siegeconfig.json", &settings)];
    let kvp = KVP.replace("{{Gone}}", "{{A}}");
    assert!(read(&file("siege.kvp", &kvp), &near, None, &ImportOptions::default()).is_ok());
}
