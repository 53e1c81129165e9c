import type { SqlTransaction } from '../transaction.ts';
import { CREDENTIALS_SCHEMA } from './credentials-sql.ts';
import { CREDENTIALS, DUTIES, loginsOf, OWNER, PLANNING } from './logins.ts';
import { ONE_AT_A_TIME } from './one-at-a-time.ts';

/**
 * Makes the roles that are missing and gives the schema to its owner; run by the cluster's master before the migrations,
 * at every deployment. Roles belong to the cluster: another database's set-up may have made them. All of it is safe to
 * repeat, and the transaction's lock lets one do it at a time.
 */
export async function setUpRoles(transaction: SqlTransaction): Promise<void> {
  const statements = [
    ...ONE_AT_A_TIME,
    CREATE_ROLES,
    GRANT_MEMBERSHIPS,
    OWN_DATABASE,
    ...PLAN_BY_KEY,
    ...PUBLIC_GRANTS,
    ...CREDENTIALS_SCHEMA,
  ];
  for (const statement of statements) await transaction.execute(statement, {});
}

const LOGINS = DUTIES.flatMap(loginsOf);

function literals(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

/** Without a password nobody can log in: each gets its own from its secret. */
const CREATE_ROLES = `
do $$
declare
  missing text;
begin
  for missing in select name from unnest(array[${literals(LOGINS)}]) as name
                 where not exists (select from pg_roles where rolname = name) loop
    execute format('create role %I login', missing);
  end loop;
  if not exists (select from pg_roles where rolname = '${OWNER}') then
    create role ${OWNER} nologin;
  end if;
  if not exists (select from pg_roles where rolname = '${CREDENTIALS}') then
    create role ${CREDENTIALS} nologin createrole;
  end if;
end $$`;

/** Who is a member of what: granted, member, and the options of the grant (admin, inherit, set). */
const MEMBERSHIPS: readonly (readonly [string, string, boolean, boolean, boolean])[] = [
  ...DUTIES.map((duty) => {
    const [first, second] = loginsOf(duty);
    return [first, second, false, true, false] as const;
  }),
  // An operator who closes a quarantine records it as the executor does, and redrives as the redrive does.
  ['oncepay_execute', 'oncepay_operate', false, true, false],
  ['oncepay_redrive', 'oncepay_operate', false, true, false],
  // Only by saying so: what the migrating login does without it is done without the owner's rights.
  ...loginsOf('migrate').map((login) => [OWNER, login, false, false, true] as const),
  // To set passwords and for nothing else: it doesn't have the rights of those whose passwords it sets.
  ...LOGINS.map((login) => [login, CREDENTIALS, true, false, false] as const),
];

/** The master may act for both: it sets them up. */
const GRANT_MEMBERSHIPS = `
do $$
declare
  missing record;
begin
  for missing in
    select *
    from (values
      ${MEMBERSHIPS.map(([granted, member, ...options]) => `('${granted}', '${member}', ${options.join(', ')})`).join(',\n      ')},
      ('${OWNER}', current_user, false, true, true),
      ('${CREDENTIALS}', current_user, false, false, true)
    ) as m(granted, member, may_admin, inherits, may_set)
    where not exists (
      select from pg_auth_members a
      where a.roleid = m.granted::regrole and a.member = m.member::regrole
        and a.admin_option = may_admin and a.inherit_option = inherits and a.set_option = may_set)
  loop
    execute format('grant %I to %I with admin %s, inherit %s, set %s', missing.granted, missing.member,
                   missing.may_admin::text, missing.inherits::text, missing.may_set::text);
  end loop;
end $$`;

/** Whoever owns the database owns its schema \`public\`, and may make others. */
const OWN_DATABASE = `
do $$ begin
  if (select datdba <> '${OWNER}'::regrole from pg_database where datname = current_database()) then
    execute format('alter database %I owner to ${OWNER}', current_database());
  end if;
end $$`;

/** Only where it isn't so yet: roles are the whole cluster's, and another database's set-up may be at the same one. */
const PLAN_BY_KEY = DUTIES.flatMap((duty) =>
  loginsOf(duty).flatMap((login) =>
    Object.entries(PLANNING[duty] ?? {}).map(
      ([setting, value]) => `do $$ begin
        if not exists (
          select from pg_db_role_setting
          where setdatabase = 0 and setrole = '${login}'::regrole and '${setting}=${value}' = any(setconfig)
        ) then
          alter role ${login} set ${setting} = ${value};
        end if;
      end $$`,
    ),
  ),
);

/** Nobody comes in by being nobody in particular. */
const PUBLIC_GRANTS = [
  `do $$ begin
     execute format('revoke all on database %I from public', current_database());
     execute format('grant connect on database %I to ${LOGINS.join(', ')}', current_database());
   end $$`,
  'revoke all on schema public from public',
  // In so many words, and not by owning the database: a copy of it may be another’s.
  `grant all on schema public to ${OWNER}`,
  `grant usage on schema public to ${LOGINS.join(', ')}`,
];
