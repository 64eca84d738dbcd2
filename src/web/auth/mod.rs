//! Signing in: passwords and people are the store's; here are sessions, lockout
//! and the protection against forged requests.

pub mod csrf;
pub mod first_admin;
pub mod identity;
pub mod lockout;
pub mod secret;
pub mod session;
pub mod sign_in;

pub use crate::store::users::Role;
pub use first_admin::{FirstAdmin, FirstAdminError, ensure_first_admin};
pub use session::{Session, Sessions};

/// The roles, the least first.
pub const ROLES: [Role; 3] = [Role::Agent, Role::Supervisor, Role::Administrator];

/// The word for a role in the API and in the names of the pages' texts.
pub const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Agent => "agent",
        Role::Supervisor => "supervisor",
        Role::Administrator => "administrator",
    }
}
