//! What may happen once happens once, also when many ask at the same moment.

use std::sync::Barrier;

use serde_json::json;

use crate::common::{Server, create, expect, group, patch, user};
use crate::sso::{TestProvider, begin};

// TEN-09, ASN-05
#[test]
fn of_many_who_bring_the_same_response_at_once_one_gets_a_session() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "globex", "--profile", "toktra"]);
    let provider = TestProvider::for_tenant(&server, "globex");
    let mut browser = server.client();
    let request = begin(&mut browser, &provider, "globex", "/");
    let asked = provider.answer(&request, "alice@example.com");
    let unasked = provider.unsolicited(&server, "globex", "bob@example.com");
    for answer in [asked, unasked] {
        let start = Barrier::new(8);
        let accepted: usize = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8)
                .map(|_| {
                    let mut browser = server.client();
                    let (start, answer, provider) = (&start, &answer, &provider);
                    scope.spawn(move || {
                        start.wait();
                        provider.post(&mut browser, answer, None).status
                    })
                })
                .collect();
            let statuses: Vec<u16> = tries.into_iter().map(|thread| thread.join().unwrap()).collect();
            assert!(statuses.iter().all(|status| matches!(status, 303 | 403)), "{statuses:?}");
            statuses.iter().filter(|status| **status == 303).count()
        });
        assert_eq!(accepted, 1);
    }
}

// S32, TEN-15
#[test]
fn writes_at_the_same_moment_neither_double_nor_get_lost() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    let members: Vec<String> = (0..8)
        .map(|number| create(&mut directory, "/scim/v2/Users", &user(&format!("m{number}@example.com"))))
        .collect();
    let team = create(&mut directory, "/scim/v2/Groups", &group("Team", &[]));
    let start = Barrier::new(8);
    let statuses: Vec<(u16, u16)> = std::thread::scope(|scope| {
        let tries: Vec<_> = members
            .iter()
            .map(|member| {
                let mut directory = server.client().with_token(&token);
                let (start, team) = (&start, &team);
                scope.spawn(move || {
                    start.wait();
                    let made =
                        directory.scim("POST", "/scim/v2/Users", Some(&user("same@example.com"))).unwrap();
                    let add =
                        patch(&json!([{ "op": "add", "path": "members", "value": [{ "value": member }] }]));
                    let added =
                        directory.scim("PATCH", &format!("/scim/v2/Groups/{team}"), Some(&add)).unwrap();
                    (made.status, added.status)
                })
            })
            .collect();
        tries.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|(made, _)| *made == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|(made, _)| *made == 409).count(), 7, "{statuses:?}");
    assert!(statuses.iter().all(|(_, added)| *added == 204), "{statuses:?}");
    let seen = expect(&directory.get(&format!("/scim/v2/Groups/{team}")).unwrap(), 200);
    assert_eq!(seen["members"].as_array().map(Vec::len), Some(8));
    assert_eq!(seen["meta"]["version"], json!("W/\"9\""), "each change is a version");
}
