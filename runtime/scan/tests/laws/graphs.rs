//! Random programs.

use crate::bench::{Bench, block, operator, program, staged, sum};
use proptest::prelude::*;
use scan::{BlockDecl, LinkInput, Stage, Value, link};
use std::collections::BTreeMap;

/// Blocks of an acyclic program: for each, which earlier blocks it reads now, which
/// blocks it reads delayed, its stage as a step upward.
#[derive(Clone, Debug)]
struct Node {
    reads: Vec<prop::sample::Index>,
    delayed: Vec<prop::sample::Index>,
    climbs: bool,
}

fn nodes() -> impl Strategy<Value = (Vec<Node>, u64)> {
    let indices = || prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    let node =
        (indices(), indices(), prop::bool::weighted(0.1)).prop_map(|(reads, delayed, climbs)| {
            Node {
                reads,
                delayed,
                climbs,
            }
        });
    (prop::collection::vec(node, 1..60), any::<u64>())
}

fn name(n: usize) -> String {
    format!("N-{n}")
}

/// The blocks in an order that says nothing of the edges.
fn declare(nodes: &[Node], seed: u64) -> LinkInput {
    let mut stage = 0;
    let mut blocks: Vec<BlockDecl> = Vec::new();
    for (n, node) in nodes.iter().enumerate() {
        if node.climbs && stage < 2 {
            stage += 1;
        }
        let mut pins = vec![Value::Text("HS-1.SP".into())];
        if n > 0 {
            let tags = node
                .reads
                .iter()
                .map(|index| format!("{}.OUT", name(index.index(n))));
            pins.extend(tags.map(Value::Text));
        }
        for index in &node.delayed {
            let tag = Value::Text(format!("{}.OUT", name(index.index(nodes.len()))));
            pins.push(Value::Table([("delayed".to_string(), tag)].into()));
        }
        let pins = Value::List(pins);
        let decl = block("SUM", &name(n), &[("in", pins)]);
        blocks.push(staged(decl, Stage::ALL[stage]));
    }
    let mut seed = seed;
    for at in (1..blocks.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        blocks.swap(at, (seed >> 33) as usize % (at + 1));
    }
    LinkInput {
        tags: vec![operator("HS-1.SP", 1.0)],
        ..program(blocks)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_order_respects_every_wire((nodes, seed) in nodes()) {
        let bench = Bench::of(&declare(&nodes, seed));
        let place: BTreeMap<&str, usize> = bench
            .names_in_order().into_iter().enumerate().map(|(at, name)| (name, at)).collect();
        prop_assert_eq!(place.len(), nodes.len());
        for (n, node) in nodes.iter().enumerate().skip(1) {
            for index in &node.reads {
                let (from, to) = (name(index.index(n)), name(n));
                prop_assert!(place[from.as_str()] < place[to.as_str()], "{} {}", from, to);
            }
        }
    }

    #[test]
    fn the_order_of_the_text_changes_no_value((nodes, seed) in nodes()) {
        let mut one = Bench::of(&declare(&nodes, seed));
        let mut two = Bench::of(&declare(&nodes, seed.rotate_left(17) ^ 0x5555));
        for _ in 0..5 {
            one.scan();
            two.scan();
            for n in 0..nodes.len() {
                let tag = format!("{}.OUT", name(n));
                prop_assert_eq!(one.bits(&tag), two.bits(&tag));
            }
        }
    }

    #[test]
    fn linked_twice_is_laid_out_alike((nodes, seed) in nodes()) {
        let input = declare(&nodes, seed);
        let (one, two) = (link(&input).ok().unwrap(), link(&input).ok().unwrap());
        prop_assert_eq!(&one.blocks, &two.blocks);
        prop_assert_eq!(&one.outputs, &two.outputs);
        prop_assert_eq!(&one.delayed, &two.delayed);
        let slots = |linked: &scan::Linked| -> Vec<(String, usize, u64)> {
            let tags = linked.tags.values();
            tags.map(|tag| (tag.name.clone(), tag.slot.index(), tag.initial)).collect()
        };
        prop_assert_eq!(slots(&one), slots(&two));
        prop_assert_eq!(one.program.image.cells(), two.program.image.cells());
        let mut seen: Vec<usize> = one.tags.values().map(|tag| tag.slot.index()).collect();
        seen.extend(one.delayed.values().map(|slot| slot.index()));
        seen.sort_unstable();
        let all: Vec<usize> = (0..one.program.image.cells().len()).collect();
        prop_assert_eq!(seen, all, "every cell belongs to one tag");
    }

    #[test]
    fn a_wire_back_is_always_found_out((nodes, seed) in nodes(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        // A wire from a later block to an earlier one that it depends on.
        let mut nodes = nodes;
        for node in &mut nodes {
            node.climbs = false;
        }
        let (a, b) = (from.index(nodes.len()), to.index(nodes.len()));
        let (early, late) = (a.min(b), a.max(b));
        let mut input = declare(&nodes, seed);
        let tag = |n: usize| Value::Text(format!("{}.OUT", name(n)));
        for block in &mut input.blocks {
            let extra = if block.name == name(early) { late } else if block.name == name(late) { early } else { continue };
            if let Some(Value::List(pins)) = block.config.get_mut("in") {
                pins.push(tag(extra));
            }
        }
        let problems = link(&input).err().unwrap();
        prop_assert_eq!(problems.len(), 1);
        let scan::ProblemKind::Loop { path } = &problems[0].kind else {
            return Err(TestCaseError::fail("a loop"));
        };
        for (at, (block, tag)) in path.iter().enumerate() {
            let next = &input.blocks[path[(at + 1) % path.len()].0];
            prop_assert_eq!(tag, &format!("{}.OUT", input.blocks[*block].name));
            let Value::List(pins) = &next.config["in"] else { unreachable!() };
            prop_assert!(pins.contains(&Value::Text(tag.clone())));
        }
    }
}

#[test]
fn ten_thousand_blocks_in_one_chain_link() {
    let mut blocks = vec![sum("N-0", &["HS-1.SP"])];
    for n in 1..10_000 {
        blocks.push(sum(&name(n), &[&format!("{}.OUT", name(n - 1))]));
    }
    blocks.reverse();
    let mut bench = Bench::of(&LinkInput {
        tags: vec![operator("HS-1.SP", 3.0)],
        ..program(blocks)
    });
    bench.scan();
    assert_eq!(bench.real("N-9999.OUT"), 3.0);
}
