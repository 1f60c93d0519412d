"""The words the rules know, as plain data: verbs, nouns, and the little words around them."""

from __future__ import annotations

# Nouns that say what a node is by themselves, and how sure that is.
HEAD_NOUNS = {
    "effect": "gateway:2 client:2 repository:3 store:2 sink:3 database:2 cache:2 mailbox:2 adapter:2 connector:2 "
    "proxy:2 storage:2 lookup:1 crud:3 dao:3 source:1 feed:1 integration:2 bridge:2 archive:2 directory:1 "
    "notification:2 bot:1 backup:2 sync:2 outbox:2 webhook:2 delivery:1 relay:2 ingestion:2 upload:2 download:2 "
    "import:2 export:2 persistence:3 publisher:2 persister:3 saver:2 storer:3 access:1 api:1 synchronization:2 "
    "synchronisation:2 loader:1 caller:2 pinger:2 mailer:3 inserter:3 deletion:2 retrieval:2 fetch:1 "
    "replication:2 messaging:1 printer:2 scraper:3 crawler:3",
    "compute": "engine:1 calculation:3 validation:3 conversion:3 transformation:3 parsing:3 scoring:3 "
    "classification:3 formatting:3 normalization:3 normalisation:3 computation:3 algorithm:3 formula:3 function:2 "
    "rule:1 rules:1 estimation:3 prediction:3 detection:2 matching:2 comparison:3 comparator:3 summarization:2 "
    "summarisation:2 sorting:3 filtering:3 encryption:3 hashing:3 encoding:3 rendering:2 evaluation:3 "
    "translator:2 solver:3 math:2 maths:2 computer:1 tokenization:3 encrypter:3 resizing:3 ranking:1 "
    "deduplication:3 maker:1 verification:1 check:2 distance:2 ratio:2 conversions:3 decision:2",
    "reducer": "counter:3 totals:3 tally:3 statistics:2 stats:2 projection:3 aggregation:3 leaderboard:3 "
    "histogram:2 accumulation:3 scoreboard:3 counting:3 average:1 rollup:3 aggregate:2 state:1 accumulator:3",
    "orchestrator": "saga:4 workflow:3 pipeline:2 flow:2 orchestration:4 coordination:3 choreography:3 process:1 "
    "fulfilment:1 fulfillment:1 onboarding:1 procedure:1 coordinator:3 batch:1",
}

ARCHETYPES = ("effect", "compute", "reducer", "orchestrator")
ARCHETYPE_WORDS = {
    **{name: name for name in ARCHETYPES},
    **{f"{name}s": name for name in ARCHETYPES},
    "computation": "compute", "computational": "compute", "orchestration": "orchestrator", "effectful": "effect",
}  # fmt: skip
# Words for the node itself, which say nothing about it.
NODE_NOUNS = frozenset(
    "node nodes service microservice micro-service component module thing something handler worker function job tool "
    "one unit task program application app piece script element part anything bot type kind software code system class "
    "stuff some nodo knoten noeud nodes nœud".split()
)

CREATE_VERBS = frozenset(
    "create build make generate write implement add design develop scaffold produce need want gimme give wants needs "
    "get have code prepare provide set love like require craft wire define introduce whip implementing creating "
    "building adding need: wanted needed generates draft writing missing making generating".split()
)
FILLERS = frozenset(
    "please kindly hi hey hello ok okay so well now then also just simply maybe basically can could would you u i we "
    "i'd we'd us me let lets let's 's 'd 'll 'm to a an the our my your new another one this that it is it's there "
    "should must shall will be am are for do does really actually needs need want wants like love have up asap and "
    "think simple small little tiny next following nice good proper dear team all lord guys thanks thx".split()
)
DETERMINERS = frozenset(
    "a an the this that our my your its their his her another each every any some one new "
    "un una une uno ein eine einen el la le der das den il lo een".split()
)
INDEFINITE = frozenset("a an another one new some un una une uno ein eine einen een".split())
ADJECTIVES = frozenset(
    "new simple small pure single generic basic little tiny nice good stateless deterministic stateful plain "
    "additional dedicated separate standalone proper robust fast reliable lightweight reusable my our another "
    "event-driven production-ready fancy minimal custom big great certain appropriate suitable special first second "
    "third next idempotent async asynchronous synchronous scalable typed missing existing internal external "
    "quick own neat short real cool proper uploaded received submitted".split()
)
PREPOSITIONS = frozenset(
    "to for in of on at by with from into onto via through over per as about against between using within without "
    "during after before under across out off than towards toward inside near behind based upon so while until".split()
)
CONJUNCTIONS = frozenset("and or but nor so because if when whenever once while where then plus".split())
PRONOUNS = frozenset(
    "i we you he she it they me us him them who which that what whose this these those".split()
)
AUXILIARIES = frozenset(
    "is are was were be been being am should must shall will would can could may might do does did has have had "
    "'s 'd 'll 're 've isn't aren't doesn't don't won't cannot can't shouldn't".split()
)
STOP_WORDS = PREPOSITIONS | CONJUNCTIONS | PRONOUNS | AUXILIARIES | {
    "not", "no", "whether", "please", "there", "here", "also", "mit", "dem", "avec", "con", "que", "qui", "para", "für", "fur", "pour",
    "und", "welche", "welcher", "welches", "des", "del", "namens",
}  # fmt: skip
QUANTIFIERS = frozenset(
    "all each every any many much most some several various both few more different multiple a an the its their our "
    "my your his her this that these those one new current incoming outgoing given whole entire individual certain "
    "how own other another such only single two three four latest last".split()
)
# "a list of orders": what counts is the orders.
GENERIC_HEADS = frozenset(
    "number list set count copy kind type amount sum lot collection stream batch bunch series total array sequence "
    "group pair couple piece contents content couple existence validity correctness presence".split()
)
# "customer records": what counts is the customer.
GENERIC_TAILS = frozenset(
    "record records data information details entries entry info rows row dataset objects".split()
)

# "a table called X": X is no node.
OTHER_THINGS = frozenset(
    "table tables bucket buckets topic topics queue queues collection column columns field fields file files endpoint "
    "folder directory method methods operation operations key index channel channels variable schema view parameter "
    "argument header attribute property event events exchange stream class type keyspace role repo branch step "
    "package".split()
)
# The same, unless the sentence ends with it: "a node for a database named X" may mean either.
PERHAPS_OTHER_THINGS = frozenset(
    "database databases db customer user person server host company product message record records page bank city api "
    "library system account order item".split()
)
# Verbs that as often are nouns.
NOUN_VERBS = frozenset(
    "order report log record email mail price rate score tax trade stage file book page process cache index list map "
    "group sample test plan host bill message contact credit debit label tag hash filter project schedule route stream "
    "store rank grade block lock balance stock sum total average count track query search access post upload download "
    "import export backup sync update request call alert ping copy release refund deposit transfer account reserve "
    "match merge split sort join quote check scan draw mix display control switch text issue sign capture "
    "mirror proxy relay probe seed wire transfer exchange play snapshot forecast chunk slice bucket clip".split()
)
PASSIVE_NEXT = frozenset(
    "by from every when once twice whenever after before with on in at each if daily hourly via for to weekly "
    "periodically regularly automatically often only directly again nightly during through upon per".split()
)
NAMING_WORDS = frozenset(
    "called named titled dubbed entitled labelled labeled namens christened nicknamed genannt llamado llamada nommé nommée "
    "appelé appelée chiamato chiamata denominado chamado chamada genaamd baptized baptised termed".split()
)

# Ways to say `called` in several words.
NAMING_PHRASES = (
    ("goes", "by"), ("go", "by"), ("going", "by"), ("goes", "under"), ("go", "with"), ("go", "for"), ("known", "as"),
    ("referred", "to", "as"), ("refer", "to", "it", "as"), ("refer", "to", "this", "as"), ("goes", "as"),
    ("listed", "as"), ("registered", "as"), ("answers", "to"), ("under", "the", "title"), ("under", "the", "label"),
)  # fmt: skip
NAME_WORDS = frozenset(
    "name call calling naming label christen id identifier namen nombre nom nome naam title".split()
)
LISTED_THINGS = frozenset(
    "step input output field operation event following these this stage method example".split()
)
STATED = frozenset(
    "invalid valid old raw bad duplicate stale expired missing broken empty new open closed".split()
)
GOING_ON = frozenset("streaming rolling running moving growing remaining sliding".split())
HAPPENING = frozenset("occur occurs happen happens appear appears arrive arrives come comes".split())
# What is said to be there already, or to go away, is not what is asked for.
FORMER = frozenset("old existing current present former previous legacy".split())

DENIALS = frozenset(
    "not no without never isn't aren't doesn't don't won't cannot can't shouldn't neither nor unlike nothing "
    "wasn't mustn't needn't lacks avoid avoids excluding hasn't haven't dont doesnt isnt nobody".split()
)
DENIAL_ENDS = frozenset("but only just instead it which who i we named called merely rather simply".split())

PURITY = (
    "pure", "purely", "deterministic", "deterministically", "stateless", "side-effect-free", "idempotently",
)  # fmt: skip
DENIED_OUTSIDE = frozenset(
    "i/o io input/output database databases network db disk side effects side-effects effect storage filesystem "
    "persistence outside stored saved written called external".split()
)
DENIED_STATE = frozenset("state memory stored".split())

ORDER_WORDS = frozenset(
    "first firstly then finally next afterwards lastly last subsequently thereafter".split()
)
STATE_NOUNS = frozenset(
    "balance total totals state status count counts average sum position value score tally statistics stats "
    "number minimum maximum max min history ranking standings level levels view projection median revenue figures "
    "counter counters usage best highest lowest stock inventory rating".split()
)

# Values that are handed over and given back: who removes digits from a text touches nothing outside.
VALUES = frozenset(
    "attribute attributes whitespace whitespaces punctuation accent accents character characters letter letters digit "
    "digits word words duplicates space spaces prefix prefixes suffix suffixes outlier outliers null nulls list lists "
    "text texts string strings number numbers numeral numerals matrix matrices vector vectors array arrays sentence "
    "sentences html markdown json xml csv tag stopwords vowel vowels comment comments quotes separator separators comma "
    "commas newline newlines paragraph paragraphs phrase phrases token tokens emoji emojis umlauts title titles "
    "expression expressions polynomial equation fraction fractions decimal decimals checksum logarithm bytes set sets tuple tuples dict".split()
)

LABELS = {
    "nombre": "name", "nom": "name", "nome": "name", "naam": "name", "tipo": "archetype", "typ": "archetype",
    "soort": "archetype", "dominio": "domain", "domaine": "domain", "name": "name", "node name": "name", "nodename": "name", "node_name": "name", "title": "title", "node": "node",
    "type": "archetype", "archetype": "archetype", "kind": "archetype", "node type": "archetype",
    "node_type": "archetype", "node kind": "archetype", "domain": "domain", "bounded context": "domain",
    "area": "domain", "namespace": "domain", "description": "description", "what it does": "description",
    "purpose": "description", "job": "description", "does": "description", "behaviour": "description",
    "behavior": "description", "task": "description", "body": "description", "goal": "description",
    "summary": "description", "operations": "operations", "operation": "operations", "methods": "operations",
    "actions": "operations", "functions": "operations", "steps": "steps", "workflow": "steps", "stages": "steps",
    "event bus": "bus", "event_bus": "bus", "eventbus": "bus", "event-bus": "bus", "bus": "bus",
    "events": "events", "event": "events", "input": "input", "inputs": "input", "takes": "input",
    "output": "output", "outputs": "output", "returns": "output", "state": "state", "key": "key",
    "adapter": "system", "database": "system", "storage": "system", "system": "system", "backend": "system",
    "archetyp": "archetype", "role": "archetype", "called": "name", "class": "name", "class name": "name",
    "id": "name", "service name": "name", "service": "name", "component": "name",
}  # fmt: skip
NO_TITLES = frozenset(
    "question note fyi hey hi hello todo task ticket issue title description name type node effect compute reducer "
    "orchestrator steps operations events input output domain request idea acceptance example nodesmith story "
    "user feature requirement requirements needed wanted background context goal implementing reminder important "
    "spec specification brief summary problem update as p.s ps re subject short tl;dr tldr result".split()
)

# Systems a node talks to: words -> (adapter the spec knows or "", words that a name keeps whole)
SYSTEMS = {
    "postgresql": "postgresql", "postgres": "postgresql", "psql": "postgresql", "timescaledb": "postgresql",
    "cockroachdb": "", "sqlite": "sqlite", "sqlite3": "sqlite", "redis": "redis", "valkey": "redis",
    "http": "http", "https": "http", "rest": "http", "restful": "http", "webhook": "http", "webhooks": "http",
    "graphql": "http", "soap": "http", "s3": "", "minio": "", "smtp": "", "imap": "", "kafka": "", "redpanda": "",
    "rabbitmq": "", "mqtt": "", "amqp": "", "nats": "", "mysql": "", "mariadb": "", "oracle": "", "mongodb": "",
    "mongo": "", "dynamodb": "", "cassandra": "", "elasticsearch": "", "opensearch": "", "solr": "", "ftp": "",
    "sftp": "", "ldap": "", "twilio": "http", "stripe": "http", "slack": "http", "sendgrid": "http", "mailchimp": "http", "zendesk": "http",
    "salesforce": "http", "jira": "http", "github": "http", "gitlab": "http", "influxdb": "", "prometheus": "", "bigquery": "",
    "snowflake": "", "clickhouse": "", "neo4j": "", "vault": "", "firebase": "", "paypal": "http", "docusign": "http",
    "elastic": "", "azure": "", "aws": "", "gcp": "", "sqs": "", "sns": "", "kinesis": "", "websocket": "",
    "websockets": "", "grpc": "", "tcp": "", "memcached": "", "couchdb": "", "mssql": "", "duckdb": "", "shopify": "http",
    "hubspot": "http", "telegram": "http", "whatsapp": "http", "discord": "http", "zookeeper": "", "consul": "", "etcd": "",
    "milvus": "", "qdrant": "", "pinecone": "", "keycloak": "http", "okta": "http", "launchdarkly": "http", "soundcloud": "http",
    "teams": "http", "mailgun": "http", "adyen": "http", "klarna": "http", "openai": "http", "sap": "", "odoo": "http", "dropbox": "http",
    "pagerduty": "http", "opsgenie": "http", "trello": "http", "asana": "http", "notion": "http", "intercom": "http",
    "datadog": "http", "sentry": "http", "vonage": "http", "square": "http", "braintree": "http", "cloudflare": "http",
    "ses": "", "glacier": "", "gcs": "", "oracledb": "", "db2": "", "scylladb": "", "supabase": "postgresql",
}  # fmt: skip
# Systems whose names are things as well: what is done to a webhook is done to a webhook.
COMMON_SYSTEMS = frozenset(
    "webhook webhooks vault teams oracle websocket websockets elastic square notion".split()
)
# Signs of the outside world that are no adapter of their own.
OUTSIDE_WORDS = frozenset(
    "api apis database databases db disk filesystem bucket smtp email emails mail mails sms printer server network "
    "endpoint url cloud queue webhook webhooks storage crud sql warehouse".split()
)

# Written as one word though their capitals say otherwise.
PRODUCTS = (
    "PostgreSQL", "PostgresQL", "GraphQL", "MySQL", "NoSQL", "OAuth", "GitHub", "GitLab", "PayPal", "DynamoDB",
    "MongoDB", "RabbitMQ", "ActiveMQ", "ZeroMQ", "InfluxDB", "TimescaleDB", "MariaDB", "CockroachDB", "CouchDB",
    "DuckDB", "SQLite", "DocuSign", "LinkedIn", "YouTube", "JavaScript", "TypeScript", "BigQuery", "SharePoint",
    "OneDrive", "WhatsApp", "HubSpot", "OpenAI", "OpenAPI", "AsyncAPI", "ClickHouse", "LaunchDarkly", "SendGrid",
    "iOS", "macOS", "eBay", "B2B", "B2C", "P2P", "IPv4", "IPv6", "MinIO", "gRPC", "PubSub", "LaTeX", "NumPy",
    "DevOps", "JSONPath", "OpenSearch", "SoundCloud", "WordPress", "StatsD", "pgSQL", "YAML", "OpenID", "McDonald",
)  # fmt: skip
COMMON_HYPHENS = frozenset(
    "e-mail e-mails sign-up sign-ups read-only write-only real-time up-to-date third-party event-driven pre-check "
    "follow-up check-in check-out log-in log-out on-call in-memory built-in key-value end-to-end co-worker e-commerce "
    "re-try opt-in opt-out add-on drop-off pick-up time-series production-ready so-called well-known non-empty "
    "one-time two-factor multi-step back-end front-end roll-up sub-total micro-service self-service".split()
)
