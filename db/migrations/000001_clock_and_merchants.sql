-- Time as every rule of the protocol sees it. A function of our own, so that tests can replace it and move time.
create function clock() returns timestamptz language sql volatile parallel safe as 'select clock_timestamp()';

-- Statements of the pipeline are short. The database gives up before its caller does (6 s), so that a caller's replay
-- never runs beside the statement it replays. Migrations lift this for themselves.
do $$ begin
  execute format('alter database %I set statement_timeout = %L', current_database(), '4s');
end $$;

create table merchant (
  merchant_id text primary key,
  name        text not null check (length(name) between 1 and 128),
  created_at  timestamptz not null
);

-- A key is `<api_key_id>` plus a secret part; only the SHA-256 of the secret is kept. 256 random bits need no salt.
create table api_key (
  api_key_id  text primary key,
  merchant_id text not null references merchant,
  secret_hash text not null check (secret_hash ~ '^[0-9a-f]{64}$'),
  created_at  timestamptz not null,
  revoked_at  timestamptz
);
create index api_key_by_merchant on api_key (merchant_id);
