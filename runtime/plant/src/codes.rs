//! Every diagnostic has a number, a name and a page under `docs/problems`.

/// A numbered diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// `P0213`.
    pub number: &'static str,
    /// A few words.
    pub title: &'static str,
}

impl Code {
    /// Whether it only warns: the plant loads and runs.
    pub fn is_warning(self) -> bool {
        self == SUPERVISED || self == DISPLAY_STYLE
    }
}

macro_rules! codes {
    ($($name:ident $number:literal $title:literal;)*) => {
        $(#[doc = $title] pub const $name: Code = Code { number: $number, title: $title };)*
        /// All codes in order.
        pub const ALL: &[Code] = &[$($name),*];
        /// The page of a code.
        pub fn page(number: &str) -> Option<&'static str> {
            match number {
                $($number => Some(include_str!(concat!("../../../docs/problems/", $number, ".md"))),)*
                _ => None,
            }
        }
    };
}

codes! {
    UNREADABLE "P0001" "file cannot be read";
    SYNTAX "P0002" "TOML syntax";
    TOO_LARGE "P0003" "file too large or not UTF-8";
    UNKNOWN_KEY "P0004" "unknown key";
    MISSING_KEY "P0005" "missing key";
    WRONG_TYPE "P0006" "wrong type";
    OUT_OF_RANGE "P0007" "number out of range";
    DUPLICATE "P0008" "two things of one name";
    UNKNOWN_CHOICE "P0009" "unknown choice";
    NO_UNITS "P0010" "unit file missing";
    TAG_NAME "P0101" "malformed tag name";
    UNIT "P0102" "unknown engineering unit";
    RANGE "P0103" "range or limits out of order";
    UNWRITTEN "P0104" "declared tag that nothing writes";
    DESCRIPTION "P0105" "description missing in a language";
    LIMIT "P0106" "limit outside the range";
    BLOCK_KIND "P0201" "unknown block kind";
    BLOCK_MISSING_KEY "P0202" "block lacks a key";
    BLOCK_UNKNOWN_KEY "P0203" "block has an unknown key";
    BLOCK_WRONG_TYPE "P0204" "wrong type of value in a block";
    BLOCK_OUT_OF_RANGE "P0205" "number out of range in a block";
    BLOCK_CHOICE "P0206" "unknown choice in a block";
    UNKNOWN_TAG "P0207" "unknown tag";
    WRONG_KIND "P0208" "wrong kind on a wire";
    BLOCK_COMPLAINT "P0209" "a block's own complaint";
    TWO_WRITERS "P0213" "two writers for one tag";
    UNIT_MISMATCH "P0214" "unit mismatch on a wire";
    LOOP "P0215" "loop without a delay";
    BACKWARD_STAGE "P0216" "earlier stage reads a later one";
    UNPROTECTED_OUTPUT "P0217" "physical output written outside protect";
    OTHER_TASK "P0218" "tag belongs to another task";
    UNKNOWN_TASK_REFERENCE "P0219" "unknown task in a reference";
    PROGRAM_TOO_LARGE "P0220" "program too large";
    PERIOD "P0301" "task period not permitted";
    TASK_COUNT "P0302" "no task or too many";
    UNKNOWN_TASK "P0303" "unknown task";
    PERIOD_MULTIPLE "P0304" "period is not a multiple of the shortest";
    DRIVER_KIND "P0401" "unknown driver kind";
    DRIVER_SETTINGS "P0402" "driver settings wrong";
    POINT "P0403" "point wrong";
    POINT_OVERLAP "P0404" "two output points at one address";
    UNKNOWN_DRIVER "P0405" "point on unknown driver";
    OUTPUT_TAG "P0406" "output of a tag that does not exist";
    POINT_KIND "P0407" "kinds of tag and point differ";
    FAIL_SAFE "P0408" "output without fail-safe";
    SERVER_SETTINGS "P0409" "server settings wrong";
    SERVER_POINT "P0410" "server point wrong";
    REASON "P0501" "protective block without reason";
    CAUSE_TEXT "P0502" "interlock cause without text in both languages";
    MATRIX "P0503" "cause-and-effect matrix wrong";
    MATRIX_DEVICE "P0504" "effect on a device that does not exist";
    MATRIX_FEEDBACK "P0505" "effect on a device that tells nothing back";
    PROOF_COMPLETE "P0511" "row, column or hazard that stands for nothing";
    PROOF_REACH "P0512" "trip that does not reach its final element";
    PROOF_BYPASS "P0513" "hazard that bypasses leave unguarded";
    PROOF_PERMISSIVE "P0514" "permissive that can never hold";
    PROOF_RESPONSE "P0515" "interlock slower than it must be";
    PROOF_SENSOR "P0516" "one failed sensor disables a safety row";
    SCENARIO "P0601" "scenario file wrong";
    SCENARIO_NAME "P0602" "scenario names an unknown tag or fault";
    DISPLAY_TAG "P0603" "display names an unknown tag";
    DISPLAY "P0604" "display wrong";
    DISPLAY_STYLE "P0605" "display against the rules of drawing";
    ALARM_WRONG "P0611" "alarm wrong";
    ALARM_RATIONALE "P0612" "alarm without rationalisation";
    ALARM_NOTHING "P0613" "alarm without consequence";
    ALARM_DUPLICATE "P0614" "two alarms for one thing";
    ALARM_TAG "P0615" "alarm on an unknown tag";
    ALARM_OVERRIDE "P0616" "priority overridden without reason";
    ALARM_SHELF "P0617" "alarm that may not be shelved";
    MODEL "P0701" "unknown simulation model";
    HISTORY "P0711" "history of a tag wrong";
    HISTORY_TAG "P0712" "history of an unknown tag";
    HISTORY_GMP "P0713" "record under GMP that is not kept raw";
    SCRIPT "P0801" "script wrong";
    SCRIPT_TEXT "P0802" "text of a script wrong";
    PROCESS "P0901" "supervised process wrong";
    SUPERVISED "P0902" "requirement of a supervised process missing";
    ROLE "P1001" "role wrong";
    SIGNATURE "P1002" "signature of a tag that people do not write";
    DOOR "P1003" "door of the operator interface wrong";
    NOTIFY_FILE "P1101" "text of messages missing or not named";
    NOTIFY "P1102" "text of messages wrong";
    NOTIFY_UNIT "P1103" "message about an unknown unit";
    NOTIFY_PROFILE "P1104" "escalation by a profile that is not there or not for it";
}
