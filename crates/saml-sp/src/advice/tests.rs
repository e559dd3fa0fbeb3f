use super::*;

#[test]
fn the_data_is_read_and_knows_every_problem_and_product() {
    let products: BTreeMap<String, KnownProduct> =
        serde_json::from_str(include_str!("../data/products.json")).unwrap();
    let steps: BTreeMap<String, Steps> = serde_json::from_str(include_str!("../data/steps.json")).unwrap();
    let names: Vec<&str> = steps.keys().map(String::as_str).collect();
    assert_eq!(names, ProblemKind::ALL.iter().map(|kind| kind.id()).collect::<Vec<_>>());
    let names: Vec<&str> = products.keys().map(String::as_str).collect();
    let mut known: Vec<&str> = Product::ALL.iter().map(|product| product.id()).collect();
    known.sort_unstable();
    assert_eq!(names, known);
    for steps in steps.values() {
        assert!(["host", "identity_provider", "person", "unknown"].contains(&steps.whose.as_str()));
        assert_eq!(steps.topic.is_some(), steps.generic.is_some(), "{}", steps.title);
        assert!(steps.products.keys().all(|id| Product::from_id(id).is_some()), "{}", steps.title);
    }
    assert!(products.values().flat_map(|product| product.labels.values()).all(|label| {
        !label.label.contains('?') && !label.place.is_empty() && label.grade != LabelGrade::Host
    }));
}

#[test]
fn no_step_has_a_place_left_over() {
    let guide = Guide::default();
    for kind in ProblemKind::ALL {
        for product in Product::ALL.iter().copied().map(Some).chain([None]) {
            let step = guide.general_step(*kind, product).unwrap();
            assert!(!step.text.contains(['{', '}']), "{}: {}", step.id, step.text);
            assert!(step.text.ends_with(['.', ')']), "{}: {}", step.id, step.text);
        }
    }
}

#[test]
fn a_host_can_replace_a_label_and_add_one() {
    let guide = Guide::default().with_label(Product::Duo, "certificate", Label::new("Cert", "Downloads"));
    let step = guide.general_step(ProblemKind::Certificate, Some(Product::Duo)).unwrap();
    assert_eq!(step.id, "certificate/duo");
    assert!(step.text.contains("Cert") && step.text.contains("Downloads"), "{}", step.text);
    let general = Guide::default().general_step(ProblemKind::Certificate, Some(Product::Duo)).unwrap();
    assert_eq!((general.id.as_str(), general.product), ("certificate/any", None));
}

#[test]
fn a_value_of_the_host_stands_in_the_step() {
    let guide = Guide::default().with_value("login", "https://app.example.com/login");
    let step = guide.general_step(ProblemKind::Unsolicited, None).unwrap();
    assert!(step.text.contains("https://app.example.com/login"));
}
