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
    // What is one for all tenants stays whole.
    let own = "tenant_id TEXT COLLATE \"C\" NOT NULL PRIMARY KEY";
    let leads = |table: &str| table.contains("PRIMARY KEY (tenant_id") || table.contains(own);
    let ends = |table: &str| {
        if leads(table) && !table.starts_with("domain_claims ") { PARTITIONED } else { "\n);\n" }
    };
    let mut parts: Vec<&str> = tables.split("\n);\n").collect();
    let rest = parts.pop().unwrap_or_default();
    // The keys behind the last CREATE TABLE of a part are its table's.
    let of_table =
        |part: &str| part.rsplit_once("CREATE TABLE ").map_or(String::new(), |(_, table)| table.to_owned());
    let mut sql: String = parts.iter().map(|part| format!("{part}{}", ends(&of_table(part)))).collect();
    sql.push_str(rest);
    assert!(sql.matches("PARTITION BY HASH").count() > 12, "{sql}");
    let docs = include_str!("../../../../docs/more-than-one-machine.md");
    let block = docs.split("```sql\n").find(|block| block.starts_with("DO $$")).unwrap();
    sql + block.split("```").next().unwrap()
}

const PARTITIONED: &str = "\n) PARTITION BY HASH (tenant_id);\n";
