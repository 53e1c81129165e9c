import { CREDENTIALS, DUTIES, loginsOf } from './logins.ts';

const LOGINS = DUTIES.flatMap(loginsOf).join(', ');

/**
 * How a login gets its next password. The login in use sets that of the other login of its duty, which waits: neither
 * the master's secret nor any other is needed for it, and nobody can set any other's. The functions run as a role that
 * may set those passwords and nothing else.
 *
 * What was set is noted beside it, by its hash: the Data API takes only the password that is in use, so that the next
 * one can be compared but not tried.
 */
export const CREDENTIALS_SCHEMA: readonly string[] = [
  `create schema if not exists credentials authorization ${CREDENTIALS}`,
  `set local role ${CREDENTIALS}`,
  `create table if not exists credentials.login_password (
     login           name primary key,
     salt            text not null,
     verifier_sha256 text not null,
     changed_at      timestamptz not null)`,
  `create or replace function credentials.other_login() returns name
   language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$ begin
     if session_user !~ '^oncepay_(${DUTIES.join('|')})(_alternate)?$' then
       raise exception '% is not the login of a duty, and has no other', session_user using errcode = '42501';
     end if;
     return case when session_user ~ '_alternate$' then regexp_replace(session_user, '_alternate$', '')
                 else session_user || '_alternate' end;
   end $$`,
  `create or replace function credentials.set_other_password(verifier text) returns name
   language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
   declare
     other name;
   begin
     if verifier !~ '^SCRAM-SHA-256[$]4096:[A-Za-z0-9+/]{22}==[$][A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$' then
       raise exception 'a password is set by its SCRAM-SHA-256 verifier' using errcode = '22023';
     end if;
     other = credentials.other_login();
     execute format('alter role %I password %L', other, verifier);
     insert into credentials.login_password as p (login, salt, verifier_sha256, changed_at)
     values (other, split_part(split_part(verifier, '$', 2), ':', 2),
             encode(sha256(convert_to(verifier, 'UTF8')), 'hex'), clock_timestamp())
     on conflict (login) do update
     set salt = excluded.salt, verifier_sha256 = excluded.verifier_sha256, changed_at = excluded.changed_at;
     return other;
   end $$`,
  `create or replace function credentials.other_password()
   returns table (login name, salt text, verifier_sha256 text)
   language sql stable security definer set search_path = pg_catalog, pg_temp as $$
     select p.login, p.salt, p.verifier_sha256
     from credentials.login_password p
     where p.login = credentials.other_login()
   $$`,
  'revoke all on all functions in schema credentials from public',
  `grant usage on schema credentials to ${LOGINS}`,
  `grant execute on all functions in schema credentials to ${LOGINS}`,
  'set local role none',
];
