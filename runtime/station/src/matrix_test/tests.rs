use super::*;
use crate::kinds;
use std::path::Path;

fn synthesis() -> Plant {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plants/synthesis");
    match plant::load(&folder, &kinds::blocks(), &kinds::Drivers) {
        Ok(plant) => plant,
        Err((sources, problems)) => panic!("{}", problems.render(&sources)),
    }
}

#[test]
fn the_synthesis_plant_does_what_its_matrix_says() {
    let plant = synthesis();
    let verdicts = run(&plant, &Options::default()).unwrap();
    let text = paper::text(&plant.name, &verdicts);
    assert!(verdicts.iter().all(Verdict::passed), "{text}");
    assert_eq!(verdicts.len(), 1);
}
