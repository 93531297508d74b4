-- Everything Postern keeps. Ids that leave the house are random; secrets (tokens, codes, request URIs, session ids)
-- are kept as SHA-256 only. Retention per table: docs/data.md.

create table cluster (
  only_row boolean primary key default true check (only_row),
  -- New after every restore from a backup: codes and proofs of an older epoch are never accepted again.
  epoch uuid not null default gen_random_uuid()
);
insert into cluster default values;

create table organisation (
  id uuid primary key default gen_random_uuid(),
  directory text not null,
  directory_id text not null,
  name text not null,
  -- When the directory said so: an older statement never overrules a newer one.
  named_at timestamptz not null,
  unique (directory, directory_id)
);

create table third_party (
  client_id text primary key,
  organisation_id uuid not null references organisation,
  software_id text not null,
  name text not null,
  roles text[] not null,
  standing text not null default 'active' check (standing in ('active', 'suspended', 'removed')),
  security_profile text not null,
  client_uri text,
  metadata jsonb not null,
  registered_at timestamptz not null
);
create index third_party_organisation on third_party (organisation_id);

create table resource_server (
  client_id text primary key,
  name text not null,
  resource text not null unique,
  metadata jsonb not null,
  added_at timestamptz not null
);

create table customer (
  id uuid primary key default gen_random_uuid(),
  customer_number text not null unique,
  bank_customer_id text not null,
  name text not null,
  -- What the demo's sign-in also takes in the customer-number field; null in production.
  alias text unique,
  password_hash text not null,
  totp_secret text not null,
  blocked_at timestamptz,
  added_at timestamptz not null
);

-- Keyed by an HMAC of what was typed, so that numbers nobody has lock exactly as real ones do.
create table sign_in_attempt (
  key bytea primary key,
  failed int not null,
  locked_until timestamptz,
  last_at timestamptz not null
);

create table totp_step (
  customer_id uuid not null references customer on delete cascade,
  step bigint not null,
  used_at timestamptz not null,
  primary key (customer_id, step)
);

create table customer_session (
  key bytea primary key,
  customer_id uuid not null references customer on delete cascade,
  opened_at timestamptz not null,
  seen_at timestamptz not null
);

-- The customer as one organisation knows them (OpenID Connect Core §8.1, pairwise): random, not derived.
create table subject (
  organisation_id uuid not null references organisation,
  customer_id uuid not null references customer on delete cascade,
  sub text not null unique default replace(gen_random_uuid()::text, '-', ''),
  primary key (organisation_id, customer_id)
);

-- The account as one third party's software knows it: random, stable across renewals.
create table account_alias (
  client_id text not null references third_party,
  customer_id uuid not null references customer on delete cascade,
  bank_account_id text not null,
  account_id text not null unique default replace(gen_random_uuid()::text, '-', ''),
  primary key (client_id, customer_id, bank_account_id)
);

create table consent (
  id uuid primary key,
  client_id text not null references third_party,
  kind text not null check (kind in ('inline', 'staged')),
  state text not null check (state in ('awaiting', 'authorised', 'rejected', 'revoked')),
  permissions text[] not null,
  requested_accounts text[],
  expires_at timestamptz not null,
  transactions_from timestamptz,
  transactions_to timestamptz,
  created_at timestamptz not null,
  customer_id uuid references customer,
  authorised_at timestamptz,
  closed_at timestamptz,
  reason text,
  -- The accounts chosen, as [{ "accountId": …, "bankAccountId": … }]: read with every token, so kept in the row.
  accounts jsonb,
  last_used_at timestamptz,
  check (state not in ('authorised', 'revoked')
    or (customer_id is not null and accounts is not null and authorised_at is not null)),
  check ((state in ('rejected', 'revoked')) = (closed_at is not null and reason is not null))
);
create index consent_customer on consent (customer_id) where customer_id is not null;
create index consent_client on consent (client_id);
create index consent_awaiting on consent (created_at) where state = 'awaiting';

-- One consent, one grant: the string that tokens hang on.
create table "grant" (
  id text primary key,
  consent_id uuid not null unique references consent,
  client_id text not null references third_party,
  expires_at timestamptz not null,
  ended_at timestamptz,
  payload jsonb not null
);

create table token (
  key bytea primary key,
  kind text not null check (kind in ('access', 'refresh', 'client-credentials')),
  client_id text not null,
  grant_id text references "grant" on delete cascade,
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  payload jsonb not null
);
create index token_grant on token (grant_id) where grant_id is not null;
create index token_expiry on token (expires_at);

-- Codes, pushed requests and replays: each accepted once, kept past its expiry as long as reuse must be recognised.
create table one_time (
  kind text not null,
  key bytea not null,
  grant_id text,
  payload jsonb,
  expires_at timestamptz not null,
  keep_until timestamptz not null,
  consumed_at timestamptz,
  primary key (kind, key)
);
create index one_time_keep on one_time (keep_until);
create index one_time_grant on one_time (grant_id) where grant_id is not null;

create table interaction (
  key bytea primary key,
  client_id text not null,
  consent_id uuid references consent on delete cascade,
  payload jsonb not null,
  customer_id uuid references customer on delete cascade,
  -- When the second factor was accepted, and by which means; null until then.
  authenticated_at timestamptz,
  amr text[],
  seen_at timestamptz not null,
  decision jsonb,
  -- Set once, when the browser has been sent back: nothing of it is used twice.
  finished_at timestamptz,
  expires_at timestamptz not null
);
create index interaction_expiry on interaction (expires_at);

create table signing_key (
  kid text primary key,
  alg text not null,
  purpose text not null,
  slot text not null check (slot in ('next', 'current', 'retired')),
  location text not null,
  public_jwk jsonb not null,
  added_at timestamptz not null
);

-- Rare changes are told to every process, which caches clients for half a second at most.
create function tell_client_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('postern_changed', coalesce(new.client_id, old.client_id));
  return null;
end $$;
create trigger third_party_changed after insert or update or delete on third_party
  for each row execute function tell_client_changed();
create trigger resource_server_changed after insert or update or delete on resource_server
  for each row execute function tell_client_changed();

-- One row per running process: processes whose shared secrets differ refuse to serve beside each other.
create table process (
  id uuid primary key,
  role text not null,
  secrets_fingerprint text not null,
  started_at timestamptz not null,
  seen_at timestamptz not null
);

create table outbox (
  id bigint generated always as identity primary key,
  kind text not null,
  body jsonb not null,
  written_at timestamptz not null,
  sent_at timestamptz
);

-- A customer's pseudonym is an HMAC under a salt of their own: delete the salt and the trail no longer names them.
create table audit_salt (
  customer_id uuid primary key,
  salt bytea not null
);

create table audit_event (
  id bigint generated always as identity primary key,
  written_by xid8 not null default pg_current_xact_id(),
  epoch uuid not null,
  schema_version smallint not null,
  at timestamptz not null,
  type text not null,
  actor text not null,
  customer_ref bytea,
  client_id text,
  consent_id uuid,
  interaction_id text,
  -- The canonical JSON whose leaf hash stands beside it; every column above but id and written_by repeats from it.
  canonical text not null,
  leaf bytea not null
);
create index audit_event_customer on audit_event (customer_ref, id) where customer_ref is not null;
create index audit_event_client on audit_event (client_id, id) where client_id is not null;
create index audit_event_consent on audit_event (consent_id, id) where consent_id is not null;
create index audit_event_seal on audit_event (written_by, id);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit trail is never changed' using errcode = '42501';
end $$;
create trigger audit_event_is_append_only before update or delete on audit_event
  for each row execute function refuse_change();
create trigger audit_event_is_never_emptied before truncate on audit_event
  for each statement execute function refuse_change();

-- Used by writes that stand or fall together: raises, and so undoes the whole statement, unless `ok`.
create function guard(ok boolean, what text) returns boolean language plpgsql as $$
begin
  if ok is not true then raise exception '%', what using errcode = 'PT001'; end if;
  return true;
end $$;
