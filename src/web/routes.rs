//! Collects routes, each with its rule: without one nothing can be registered.

use crate::web::Web;
use crate::web::access::{Access, guard};
use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, on};

/// One route and who may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
}

/// Routes under construction.
#[derive(Default)]
pub struct Routes {
    router: Router<Web>,
    rules: Vec<Rule>,
}

impl Routes {
    pub fn get<T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, Web>,
    ) -> Self {
        self.add(Method::GET, MethodFilter::GET, path, access, handler)
    }

    pub fn post<T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, Web>,
    ) -> Self {
        self.add(Method::POST, MethodFilter::POST, path, access, handler)
    }

    pub fn delete<T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, Web>,
    ) -> Self {
        self.add(Method::DELETE, MethodFilter::DELETE, path, access, handler)
    }

    fn add<T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, Web>,
    ) -> Self {
        let guarded = on(filter, handler).route_layer(from_fn_with_state(access, guard));
        self.router = self.router.route(path, guarded);
        self.rules.push(Rule {
            method,
            path,
            access,
        });
        self
    }

    /// Every route with its rule, in the order of registration.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub fn into_router(self) -> Router<Web> {
        self.router
    }
}
