//! Who gives which tag its value, across tasks.

use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::draft::Draft;
use crate::resolve::TaskPlan;
use crate::source::Origin;
use scan::Value;
use scan::link::declared_kinds;
use signal::Kind;
use std::collections::{BTreeMap, BTreeSet};

/// Names across tasks: nothing declared in vain, nothing written twice, outputs
/// and points of one kind.
pub(crate) fn check(
    draft: &Draft,
    plans: &[TaskPlan],
    point_kinds: &[Option<Kind>],
    problems: &mut Diagnostics,
) {
    let declared: Vec<BTreeMap<String, Kind>> = plans
        .iter()
        .map(|plan| declared_kinds(&plan.input))
        .collect();
    let station: Vec<BTreeSet<&String>> = plans
        .iter()
        .map(|plan| {
            let own = plan.input.sources.last();
            own.iter()
                .flat_map(|source| source.tags.iter().map(|(name, _)| name))
                .collect()
        })
        .collect();
    let mut owner: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, tags) in declared.iter().enumerate() {
        for name in tags.keys().filter(|name| !name.contains('/')) {
            if let Some(other) = owner.insert(name, index)
                && plans[other].name != plans[index].name
            {
                problems.push_with(
                    codes::TWO_WRITERS,
                    &giver(draft, &plans[index], name),
                    format!(
                        "{name} is written in task {} and in task {}",
                        plans[other].name, plans[index].name
                    ),
                    (
                        giver(draft, &plans[other], name),
                        format!("written in task {} here", plans[other].name),
                    ),
                    "names are unique in a plant",
                );
            }
            let is_of_text = !station[index].contains(name);
            if is_of_text && !crate::names::is_tag_name(name) && !is_noted(draft, name) {
                problems.push(
                    codes::TAG_NAME,
                    &giver(draft, &plans[index], name),
                    format!("\"{name}\" is not a tag name"),
                    "ISA-5.1: capitals, a hyphen, a loop number; then .PIN, as in TIC-101.OUT",
                );
            }
        }
    }
    for tag in &draft.tags {
        match owner.get(tag.name.as_str()) {
            None => problems.push(
                codes::UNWRITTEN,
                &tag.node.place("name"),
                format!("nothing writes {}", tag.name),
                "give it an input, a block that writes it, or initial = … for a tag that people write",
            ),
            Some(index) => {
                if let (Some(kind), Some(found)) = (tag.kind, declared[*index].get(&tag.name))
                    && kind != *found
                {
                    problems.push(
                        codes::WRONG_KIND,
                        &tag.node.place("kind"),
                        format!("{} is declared {kind}, its writer makes it {found}", tag.name),
                        "",
                    );
                }
            }
        }
    }
    for plan in plans {
        for driver in &plan.drivers {
            for at in &driver.outputs {
                let point = &draft.points[*at];
                let here = declared
                    .iter()
                    .zip(plans)
                    .find(|(_, other)| other.name == plan.name)
                    .and_then(|(tags, _)| tags.get(&point.tag));
                if let (Some(kind), Some(place)) = (here, point_kinds[*at])
                    && *kind != place
                {
                    problems.push(
                        codes::POINT_KIND,
                        &point.node.place("address"),
                        format!("{} is {kind}, this place holds a {place}", point.tag),
                        "correct the address, its type or scale, or the tag",
                    );
                }
                if here.is_none() {
                    problems.push(
                        codes::OUTPUT_TAG,
                        &point.node.place("tag"),
                        format!("task {} has no tag {}", plan.name, point.tag),
                        "an output takes the CMD of a protect block of the driver's own task",
                    );
                }
            }
        }
    }
}

/// Where points and declared tags, not blocks, give this tag its value, in the
/// order in which the linker meets them.
pub(crate) fn givers_outside(draft: &Draft, tag: &str) -> Vec<Origin> {
    let points = draft
        .points
        .iter()
        .filter(|point| !point.is_output && point.tag == tag)
        .map(|point| point.node.place("tag"));
    let people = draft
        .tags
        .iter()
        .filter(|meta| meta.operator.is_some() && meta.name == tag)
        .map(|meta| meta.node.place("initial"));
    points.chain(people).collect()
}

/// Where a task gives a tag its value: a point, a declared tag, a block's key that
/// names it, or the block whose name it bears.
fn giver(draft: &Draft, plan: &TaskPlan, tag: &str) -> Origin {
    let blocks = || plan.input.blocks.iter().zip(&plan.places);
    let by_key = || {
        blocks().find_map(|(block, node)| {
            let mut keys = block.config.iter();
            let (key, _) =
                keys.find(|(_, value)| matches!(value, Value::Text(text) if text == tag))?;
            Some(node.place(key))
        })
    };
    let by_name = || {
        let owner = blocks().find(|(block, _)| {
            let pin = tag.strip_prefix(block.name.as_str());
            pin.is_some_and(|pin| pin.starts_with('.'))
        });
        owner.map(|(_, node)| node.place("name"))
    };
    let outside = givers_outside(draft, tag).into_iter().next();
    outside.or_else(by_name).or_else(by_key).unwrap_or_default()
}

/// Whether the malformed name was told where a point, a tag or a block declares it.
fn is_noted(draft: &Draft, name: &str) -> bool {
    let of_block = name.split('.').next().unwrap_or_default();
    draft.points.iter().any(|point| point.tag == name)
        || draft.tags.iter().any(|tag| tag.name == name)
        || draft
            .blocks
            .iter()
            .any(|block| block.name == of_block && !crate::names::is_loop_id(of_block))
}
