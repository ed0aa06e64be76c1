//! Every route, in one table, and the router made of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use Action::{Acknowledge, Bypass, Change, Force, Limit, Mode, Operate, Reset, Shelve, Tune};
use Needs::{Nothing, Person, Records, Right, Session, View};

use crate::app::App;
use crate::attempts::Tried;
use crate::cmd::COMMAND_BYTES_MAX;
use crate::desk::{Action, Refusal, RefusalCode};
use crate::visitor::Visitor;
use crate::{alarms, api, door, people, receipt, simulator, ws};

/// Longest time a request may take, the socket excepted.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// Who may ask a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Everybody: what is needed to sign in.
    Nothing,
    /// Who may look at displays: on this machine everybody; from others whoever has the
    /// right to view, locked or not, or a wallboard.
    View,
    /// The same without wallboards: what is no display.
    Person,
    /// Records of alarms: as [`Needs::Person`]. Of any other class, or of all: whoever has
    /// the right to review, also on this machine. Not a wallboard.
    Records,
    /// A session of one's own. Not a wallboard.
    Session,
    /// Whoever has the right to what is asked: one of these, by what it is, which the desk
    /// judges. Not a wallboard.
    Right(&'static [Action]),
}

/// What a write may need: the tag says which.
const OF_A_TAG: &[Action] = &[Operate, Mode, Reset, Tune, Limit, Bypass];

/// One route.
pub struct Route {
    /// HTTP method.
    pub method: &'static str,
    /// Path in axum's notation.
    pub path: &'static str,
    /// Who may ask.
    pub needs: Needs,
    /// What it answers.
    pub purpose: &'static str,
    make: fn() -> MethodRouter<Arc<App>>,
}

macro_rules! routes {
    ($($method:literal $path:literal [$needs:expr] $make:expr, $purpose:literal;)*) => {
        /// The whole surface of the server.
        pub const ROUTES: &[Route] = &[$(Route {
            method: $method,
            path: $path,
            needs: $needs,
            purpose: $purpose,
            make: || $make,
        }),*];
    };
}

routes! {
    "GET" "/" [Nothing] get(api::index), "The page.";
    "GET" "/assets/{*path}" [Nothing] get(api::asset), "Scripts, style sheets, texts of the page.";
    "GET" "/wallboard" [Nothing] get(people::wallboard), "A wallboard shows its token and becomes one.";
    "GET" "/receipt/{id}" [Nothing] get(receipt::page), "Where the link of a message leads: asks whether it was read.";
    "POST" "/api/v1/receipt" [Nothing] post(receipt::take), "The message was read, by whoever has its token.";
    "GET" "/api/v1/health" [Nothing] get(api::health), "Whether the server runs and the runtime scans.";
    "GET" "/api/v1/session" [Nothing] get(people::session), "Who is signed in, and what is needed.";
    "POST" "/api/v1/login" [Nothing] post(people::login), "A session, for a name and a password.";
    "POST" "/api/v1/logout" [Session] post(people::logout), "The end of the session.";
    "POST" "/api/v1/lock" [Session] post(people::lock), "The station shows, and asks nothing.";
    "POST" "/api/v1/unlock" [Session] post(people::unlock), "The station asks again, for the password.";
    "POST" "/api/v1/active" [Session] post(people::active), "The person moved: no idle lock.";
    "POST" "/api/v1/password" [Session] post(people::password), "The person's own new password.";
    "GET" "/api/v1/directory" [View] get(api::directory), "Tags, loops, interlocks, displays.";
    "GET" "/api/v1/displays" [View] get(api::displays), "Displays in force, and why newer files are not.";
    "GET" "/api/v1/display/{id}" [View] get(api::display), "One drawing, cleaned.";
    "GET" "/api/v1/trend" [View] get(api::trend), "History in buckets, CBOR.";
    "GET" "/api/v1/timing" [Person] get(api::timing), "Scan timing of every task.";
    "GET" "/api/v1/drivers" [Person] get(api::drivers), "Health of every driver.";
    "GET" "/api/v1/parts" [Person] get(api::parts), "State of the station's own parts.";
    "GET" "/api/v1/forces" [View] get(api::forces), "Values forced by a person.";
    "GET" "/api/v1/bypasses" [View] get(api::bypasses), "Bypasses that stand: who, since when, why, under which permit.";
    "GET" "/api/v1/events" [Person] get(api::events), "Recent events.";
    "GET" "/api/v1/alarms" [View] get(alarms::list), "The alarm list and its counts.";
    "GET" "/api/v1/alarms/guidance" [View] get(alarms::guidance), "Cause, consequence, action of one alarm.";
    "GET" "/api/v1/alarms/figures" [Person] get(alarms::figures), "Key figures of the alarm system.";
    "GET" "/api/v1/records" [Records] get(alarms::records), "Records of any class, newest first.";
    "GET" "/api/v1/sequence" [Person] get(alarms::sequence), "Edges in the order of scans.";
    "GET" "/api/v1/trips" [Person] get(alarms::trips), "The newest trips: when, which group, what was first.";
    "GET" "/api/v1/trip" [Person] get(alarms::trip), "What was before and after one trip.";
    "POST" "/api/v1/alarms/act" [Right(&[Acknowledge, Shelve, Limit])] post(api::alarm), "Acknowledge, shelve, silence and the like.";
    "GET" "/api/v1/simulation" [Person] get(simulator::state), "Speed, faults and deeds of the simulated process.";
    "POST" "/api/v1/simulation/act" [Right(&[Operate])] post(api::simulate), "A fault, a deed, the speed of the simulated process.";
    "POST" "/api/v1/cmd" [Right(OF_A_TAG)] post(api::command), "One write asked for by a person.";
    "POST" "/api/v1/force" [Right(&[Force])] post(api::force), "A tag held at a value, or released.";
    "POST" "/api/v1/edition" [Right(&[Change])] post(api::edition), "The plant's text loaded anew, or the edition before.";
    "GET" "/api/v1/edition/compare" [Person] get(api::compare), "What runs, compared with the plant's text as it is now.";
    "GET" "/ws" [View] get(ws::upgrade), "Live values, protocol hmi.v1.cbor.";
}

/// The router of all [`ROUTES`], with the door in front of it.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let needs = route.needs;
        let guarded = Arc::clone(&app);
        let judge = middleware::from_fn_with_state(
            Arc::clone(&app),
            move |visitor: Visitor, request: Request, next: Next| {
                let app = Arc::clone(&guarded);
                async move {
                    let query = request.uri().query().unwrap_or_default();
                    match needed(&app, needs, query, &visitor) {
                        Ok(()) => next.run(request).await,
                        Err(refusal) if request.method() == Method::POST => {
                            api::refused(&app, &visitor, refusal)
                        }
                        Err(refusal) => {
                            let status = match refusal.code {
                                RefusalCode::SignInNeeded => StatusCode::UNAUTHORIZED,
                                _ => StatusCode::FORBIDDEN,
                            };
                            Tried::to_see(route.path, refusal).note(&app, &visitor);
                            status.into_response()
                        }
                    }
                }
            },
        );
        router = router.route(route.path, (route.make)().route_layer(judge));
    }
    router
        .layer(DefaultBodyLimit::max(COMMAND_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard))
        .with_state(app)
}

/// Whether a visitor may ask a route with this query. Rights to what changes something
/// are the desk's to judge, by tag and area; here is what the route itself needs.
pub(crate) fn needed(
    app: &App,
    needs: Needs,
    query: &str,
    visitor: &Visitor,
) -> Result<(), Refusal> {
    let Some(people) = app.desk.people() else {
        return Ok(());
    };
    let sign_in = || Refusal::new(RefusalCode::SignInNeeded, "Sign in first.", "请先登录。");
    let standing = || people.standing(visitor.session.as_ref());
    let is_board = || visitor.wallboard(app).is_some();
    // The token of a wallboard asks nothing, whatever else comes with it.
    if !matches!(needs, Nothing | View | Session) && is_board() {
        return Err(Refusal::new(
            RefusalCode::Forbidden,
            "A wallboard shows displays and asks nothing.",
            "看板只能显示画面,不能下达命令。",
        ));
    }
    let holds = |action: Action, is_free: bool| match standing().who {
        Some(who) if who.actions.contains(&action) => Ok(()),
        None if is_free => Ok(()),
        None => Err(sign_in()),
        Some(_) => Err(Refusal::new(
            RefusalCode::Forbidden,
            format!("\"{}\" needs another role.", action.word()),
            format!("“{}”需要其他角色。", action.zh()),
        )),
    };
    // To look is free on this machine, with the right of nobody or of anybody.
    let is_near = !app.hosts.is_reachable;
    match needs {
        Nothing | Right(_) => Ok(()),
        View if is_near || is_board() => Ok(()),
        Person if is_near => Ok(()),
        Records if is_of_alarms(query) && is_near => Ok(()),
        View | Person => holds(Action::View, false),
        Records if is_of_alarms(query) => holds(Action::View, false),
        Records => holds(Action::Review, is_near && standing().is_open),
        Session if standing().who.is_some() => Ok(()),
        Session => Err(sign_in()),
    }
}

/// Whether a query asks for records of alarms and of nothing else.
fn is_of_alarms(query: &str) -> bool {
    let mut classes = query.split('&').filter_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        // A key that is written in another way is another key: not of alarms.
        (key == "class" || key.contains('%')).then_some(value)
    });
    classes.next() == Some("alarm") && classes.next().is_none()
}

async fn guard(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Response {
    // A link of a mail is followed from wherever mail is read, and only shows a page.
    let is_link = request.method() == Method::GET && receipt::is_link(request.uri().path());
    let admitted = if is_link {
        app.hosts.admit_link(request.headers())
    } else {
        app.hosts.admit(request.headers())
    };
    let mut response = match admitted {
        Err(refusal) if request.method() == Method::POST => api::refused(&app, &visitor, refusal),
        Err(refusal) => {
            Tried::at_the_door(refusal).note(&app, &visitor);
            StatusCode::FORBIDDEN.into_response()
        }
        Ok(()) => match tokio::time::timeout(ANSWER_TIME_MAX, next.run(request)).await {
            Ok(response) => response,
            Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
        },
    };
    door::dress(response.headers_mut(), app.hosts.is_secure);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Desk;
    use crate::door::Hosts;
    use crate::fake::FakeDesk;
    use axum::body::Body;
    use axum::http::header;
    use tokio::sync::watch;
    use tower::ServiceExt;

    fn app() -> (Router, Arc<FakeDesk>) {
        let desk = Arc::new(FakeDesk::new(1_700_000_000_000, 10));
        let (_, stop) = watch::channel(false);
        let app = App::new(
            Arc::clone(&desk) as Arc<dyn Desk>,
            Vec::new(),
            Hosts::new(8080),
            stop,
        );
        (router(Arc::new(app)), desk)
    }

    async fn ask(router: &Router, method: &str, path: &str, host: &str) -> Response {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, host)
            .body(Body::empty())
            .expect("a request");
        let answer = router.clone().oneshot(request).await;
        answer.unwrap_or_else(|e| match e {})
    }

    /// A path of a route with its parameters filled in, so that it exists.
    fn example(path: &str) -> String {
        path.replace("{*path}", "main.js").replace("{id}", "none")
    }

    #[tokio::test]
    async fn every_route_of_the_table_is_in_the_router_with_that_method_only() {
        let (router, _) = app();
        for route in ROUTES {
            let path = example(route.path);
            let other = if route.method == "POST" {
                "GET"
            } else {
                "POST"
            };
            let wrong = ask(&router, other, &path, "localhost:8080").await;
            assert_eq!(
                wrong.status(),
                StatusCode::METHOD_NOT_ALLOWED,
                "{other} {path}"
            );
            let right = ask(&router, route.method, &path, "localhost:8080").await;
            assert_ne!(right.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
    }

    #[tokio::test]
    async fn what_is_not_in_the_table_does_not_exist() {
        let (router, _) = app();
        for path in [
            "/api",
            "/api/v1",
            "/api/v1/cmd/x",
            "/api/v2/health",
            "/index.html",
            "/assets",
            "/assets/../Cargo.toml",
            "/assets/%2e%2e/Cargo.toml",
            "/assets/none.js",
            "/ws/x",
        ] {
            let answer = ask(&router, "GET", path, "localhost:8080").await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn every_answer_carries_the_security_headers() {
        let (router, _) = app();
        for (path, host) in [
            ("/", "localhost:8080"),
            ("/api/v1/health", "localhost:8080"),
            ("/none", "localhost:8080"),
            ("/", "evil.example"),
        ] {
            let answer = ask(&router, "GET", path, host).await;
            let policy = answer.headers().get(header::CONTENT_SECURITY_POLICY);
            let policy = policy.and_then(|v| v.to_str().ok()).unwrap_or_default();
            assert!(policy.contains("default-src 'none'"), "{path}");
            assert!(!policy.contains("unsafe"), "{path}");
            for name in ["x-content-type-options", "referrer-policy", "cache-control"] {
                assert!(answer.headers().contains_key(name), "{path} {name}");
            }
        }
    }

    #[tokio::test]
    async fn a_foreign_host_gets_nothing_and_its_command_is_recorded_as_refused() {
        let (router, desk) = app();
        for route in ROUTES {
            let answer = ask(
                &router,
                route.method,
                &example(route.path),
                "evil.example:8080",
            )
            .await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{}", route.path);
        }
        // Each that could change something, and one for all that was only to be seen.
        let changing = ROUTES.iter().filter(|r| r.method == "POST").count();
        assert_eq!(desk.attempts().len(), changing + 1);
    }

    #[tokio::test]
    async fn from_other_machines_one_must_sign_in_or_be_a_wallboard_even_to_look() {
        use ::people::{Cost, LocalPasswords, Now, Office, Register, Rules};
        use gateway::{Counter, Hub};
        let cost = Cost {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        };
        let mut register = Register::default();
        let board = register.add_wallboard("test", "hall", 0).expect("random");
        let identity = Box::new(LocalPasswords::new(cost).expect("hashes"));
        let office = Office::in_memory(Rules::default(), identity, register, Now::default());
        let (hub, _intake) = Hub::new(|| 0);
        let live = crate::desk::Environment::Live;
        hub.set_counter(Counter::new(office, live, std::time::Instant::now()));
        let (_, stop) = watch::channel(false);
        let hosts = Hosts::secure(&["u100.example".to_owned()], 443, true);
        let router = router(Arc::new(App::new(hub, Vec::new(), hosts, stop)));
        let ask = async |path: &str, cookie: String| {
            let request = Request::builder()
                .uri(path)
                .header(header::HOST, "u100.example")
                .header(header::COOKIE, cookie)
                .body(Body::empty())
                .expect("a request");
            let answer = router.clone().oneshot(request).await;
            answer.unwrap_or_else(|e| match e {})
        };
        for route in ROUTES {
            let is_display = match route.needs {
                View => true,
                Person | Records => false,
                _ => continue,
            };
            let path = example(route.path);
            let stranger = ask(&path, String::new()).await.status();
            assert_eq!(stranger, StatusCode::UNAUTHORIZED, "{path}");
            let known = ask(&path, format!("__Host-hmi-wallboard={}", board.text())).await;
            assert_ne!(known.status(), StatusCode::UNAUTHORIZED, "{path}");
            let is_forbidden = known.status() == StatusCode::FORBIDDEN;
            assert_ne!(is_forbidden, is_display, "{path}");
            assert!(
                known
                    .headers()
                    .contains_key(header::STRICT_TRANSPORT_SECURITY)
            );
        }
        // What is needed to sign in is there for everybody.
        for path in ["/", "/api/v1/session"] {
            assert_eq!(ask(path, String::new()).await.status(), StatusCode::OK);
        }
    }

    #[test]
    fn only_a_query_for_alarms_alone_is_one_for_alarms() {
        for query in ["class=alarm", "limit=5&class=alarm&text=a%20b"] {
            assert!(is_of_alarms(query), "{query}");
        }
        for query in [
            "",
            "limit=5",
            "class=",
            "class=command",
            "class=alarm&class=command",
            "class=command&class=alarm",
            "class=alarm&cl%61ss=command",
            "class=%61larm",
        ] {
            assert!(!is_of_alarms(query), "{query}");
        }
    }

    #[test]
    fn the_openapi_description_names_every_route_with_its_method_and_no_other() {
        let text = include_str!("../api/openapi.json");
        let api: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let mut described: Vec<(String, String)> = Vec::new();
        for (path, methods) in api["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                described.push((method.to_uppercase(), path.clone()));
                assert!(operation["summary"].is_string(), "{path}");
                assert!(operation["responses"].is_object(), "{path}");
                let given = operation["parameters"].as_array();
                let given = given.map_or(0, |p| p.iter().filter(|p| p["in"] == "path").count());
                assert_eq!(given, path.matches('{').count(), "{path}");
                assert_eq!(
                    method == "post",
                    operation["requestBody"].is_object(),
                    "{path}"
                );
            }
        }
        let mut routes: Vec<(String, String)> = ROUTES
            .iter()
            .map(|r| (r.method.to_owned(), r.path.replace("{*path}", "{path}")))
            .collect();
        described.sort();
        routes.sort();
        assert_eq!(described, routes);
    }

    #[test]
    fn the_openapi_description_names_every_code_of_a_refusal() {
        let text = include_str!("../api/openapi.json");
        let api: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let codes = &api["components"]["schemas"]["Refusal"]["properties"]["code"]["enum"];
        // A new code does not compile here until it is described there.
        let known = |code: &str| serde_json::from_value::<crate::desk::RefusalCode>(code.into());
        let codes = codes.as_array().expect("codes");
        assert!(
            codes
                .iter()
                .all(|c| known(c.as_str().unwrap_or("")).is_ok())
        );
        for code in [
            "bad_origin",
            "expired",
            "runtime_stalled",
            "failed",
            "value_changed",
        ] {
            assert!(codes.iter().any(|c| c == code), "{code}");
        }
    }

    #[test]
    fn the_table_names_each_path_once_and_says_what_it_is_for() {
        for (i, route) in ROUTES.iter().enumerate() {
            assert!(!route.purpose.is_empty());
            assert!(
                ROUTES[..i]
                    .iter()
                    .all(|r| (r.method, r.path) != (route.method, route.path))
            );
        }
    }
}
