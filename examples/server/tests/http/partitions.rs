//! What the docs say of partitions is tried on a real server.

use serde_json::json;

use crate::cluster::Cluster;
use crate::common::{Folder, ON_POSTGRES, Server, create, expect, group, user};
use crate::sso::{TestProvider, sign_in};

#[test]
fn the_server_runs_on_tables_that_are_partitioned_by_tenant_as_the_docs_show() {
    if !ON_POSTGRES {
        return;
    }
    let cluster = Cluster::shared();
    let database = cluster.make_empty("partitioned");
    cluster.run_in("partitioned", &partitioned());
    // What a copy of the data of an installation brings along.
    cluster.copy_migrations("partitioned");
    let server = Server::start_in(Folder::on(database), &[]);
    for number in 0..6 {
        let tenant = format!("t{number}");
        let mut directory = server.directory(&tenant, "standard");
        let alice = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
        create(&mut directory, "/scim/v2/Groups", &group("Team", &[&alice]));
        let again = directory.scim("POST", "/scim/v2/Users", Some(&user("Alice@example.com"))).unwrap();
        assert_eq!(again.status, 409, "{}", again.body);
        let provider = TestProvider::for_tenant(&server, &tenant);
        let mut browser = server.client();
        assert_eq!(sign_in(&server, &provider, &mut browser, &tenant, "alice@example.com").status, 303);
        assert_eq!(expect(&browser.get("/v1/session").unwrap(), 200)["tenant"], json!(tenant));
        assert!(directory.scim("DELETE", &format!("/scim/v2/Users/{alice}"), None).unwrap().status == 204);
        assert_eq!(browser.get("/v1/session").unwrap().status, 401);
    }
    drop(server);
    cluster.remove("partitioned");
}

/// The tables with what the docs add.
fn partitioned() -> String {
    let tables = include_str!("../../migrations/postgres/0001_tables.sql");
    let mut sql = String::new();
    let mut of_tenant = false;
    for line in tables.lines() {
        if line.starts_with("CREATE TABLE ") {
            of_tenant = false;
        }
        of_tenant |= line.trim_start().starts_with("tenant_id ");
        if line == ");" && of_tenant {
            sql.push_str(") PARTITION BY HASH (tenant_id);\n");
        } else {
            sql.push_str(line);
            sql.push('\n');
        }
    }
    assert!(sql.matches("PARTITION BY HASH").count() > 12, "{sql}");
    let docs = include_str!("../../../../docs/more-than-one-machine.md");
    let block = docs.split("```sql\n").find(|block| block.starts_with("DO $$")).unwrap();
    sql + block.split("```").next().unwrap()
}
