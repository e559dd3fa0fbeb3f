//! The order of bulk operations against the obvious one: who can be reached from whom is written out for every pair.
#![expect(clippy::expect_used, reason = "test helpers")]

use proptest::prelude::*;
use scim_schema::message::{BulkLimits, BulkOrder, BulkRequest};
use scim_schema::{Limits, urn};
use serde_json::{Value, json};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    // M35, M47
    #[test]
    fn operations_that_wait_for_each_other_stand_together_and_all_others_behind_what_they_need(needs in graph()) {
        let count = needs.len();
        let order = BulkOrder::of(&request(&needs).operations);

        // Reached in one step or more.
        let mut reaches: Vec<Vec<bool>> =
            needs.iter().map(|needs| (0..count).map(|other| needs.contains(&other)).collect()).collect();
        for by in 0..count {
            for from in 0..count {
                for to in 0..count {
                    reaches[from][to] |= reaches[from][by] && reaches[by][to];
                }
            }
        }
        let together = |a: usize, b: usize| reaches[a][b] && reaches[b][a];

        let mut sorted = order.order.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..count).collect::<Vec<_>>());
        let place = |index: usize| order.order.iter().position(|at| *at == index).expect("all are there");
        for (index, needs) in needs.iter().enumerate() {
            for needed in needs.iter().filter(|needed| !together(index, **needed)) {
                prop_assert!(place(*needed) < place(index), "{} before {}: {:?}", needed, index, order);
            }
        }

        let mut circles: Vec<Vec<usize>> = Vec::new();
        for index in (0..count).filter(|index| together(*index, *index)) {
            match circles.iter_mut().find(|circle| together(circle[0], index)) {
                Some(circle) => circle.push(index),
                None => circles.push(vec![index]),
            }
        }
        for circle in &circles {
            let first = circle.iter().map(|index| place(*index)).min().expect("no circle is empty");
            prop_assert_eq!(&order.order[first..][..circle.len()], &circle[..]);
        }
        let mut found = order.circles.clone();
        found.sort();
        prop_assert_eq!(&found, &circles);
        let mut circular: Vec<usize> = circles.concat();
        circular.sort_unstable();
        prop_assert_eq!(order.circular, circular);
        // Nothing is moved without need.
        if needs.iter().enumerate().all(|(index, needs)| needs.iter().all(|needed| *needed < index)) {
            prop_assert_eq!(order.order, (0..count).collect::<Vec<_>>());
        }
    }
}

fn graph() -> impl Strategy<Value = Vec<Vec<usize>>> {
    (1..9_usize, 0..3_usize).prop_flat_map(|(count, most)| {
        prop::collection::vec(prop::collection::vec(0..count, 0..=most), count)
    })
}

fn request(needs: &[Vec<usize>]) -> BulkRequest {
    let operations: Vec<Value> = needs
        .iter()
        .enumerate()
        .map(|(index, needs)| {
            let members: Vec<Value> =
                needs.iter().map(|needed| json!({ "value": format!("bulkId:{needed}") })).collect();
            json!({ "method": "POST", "path": "/Groups", "bulkId": index.to_string(), "data": { "members": members } })
        })
        .collect();
    let body = json!({ "schemas": [urn::BULK_REQUEST], "Operations": operations }).to_string();
    BulkRequest::parse(body.as_bytes(), &BulkLimits::default(), &Limits::default()).expect("a bulk request")
}
