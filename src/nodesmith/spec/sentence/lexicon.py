"""The words the rules know, as plain data: verbs, nouns, and the little words around them."""

from __future__ import annotations

# verb -> (what it makes a node: effect, compute, reducer, orchestrator, or "-"; how sure, 1 to 3; who does it)
EFFECT_VERBS = """
write 3 writer; read 3 reader; send 3 sender; store 3 store; save 3 store; persist 3 store; insert 3 writer;
upsert 3 writer; update 2 updater; delete 3 deleter; remove 1 remover; fetch 3 fetcher; download 3 downloader;
upload 3 uploader; publish 3 publisher; post 3 poster; push 2 pusher; pull 2 puller; query 3 reader; load 2 loader;
call 2 client; request 2 requester; get 1 reader; poll 3 poller; notify 3 notifier; email 3 mailer; mail 3 mailer;
charge 3 charger; pay 2 payer; print 2 printer; archive 3 archiver; sync 3 sync; synchronize 3 synchronizer;
import 3 importer; export 3 exporter; ship 2 shipper; forward 3 forwarder; relay 3 relay; stream 2 streamer;
scrape 3 scraper; crawl 3 crawler; ping 3 pinger; search 2 searcher; lookup 2 lookup; record 2 recorder; log 2 logger;
append 2 appender; register 2 registrar; reserve 2 reserver; schedule 1 scheduler; deploy 2 deployer;
provision 2 provisioner; invalidate 2 invalidator; cache 2 cache; talk 3 client; connect 2 connector;
integrate 2 connector; listen 1 listener; consume 1 consumer; subscribe 1 subscriber; watch 1 watcher;
monitor 2 monitor; move 2 mover; copy 1 copier; clone 2 cloner; purge 3 purger; ask 1 client; retrieve 3 retriever;
announce 2 announcer; broadcast 3 broadcaster; alert 3 alerter; deliver 2 deliverer; enqueue 3 enqueuer;
ingest 2 ingester; replicate 2 replicator; index 2 indexer; create 1 creator; transfer 2 transferer; cancel 1 canceller;
refund 2 refunder; backup 3 backup; book 1 booker; issue 1 issuer; serve 2 server; sign 1 signer; submit 3 submitter;
text 2 texter; tweet 3 tweeter; open 1 opener; close 1 closer; list 1 lister; manage 1 manager; provide 1 provider;
authenticate 2 authenticator; revoke 2 revoker; rotate 1 rotator; refresh 1 refresher; dispatch 2 dispatcher;
emit 1 emitter; handle 1 handler; access 2 client; capture 2 capturer; collect 1 collector; add 1 adder; put 2 writer;
mirror 2 mirror; restore 2 restorer; migrate 3 migrator; drop 1 remover; report 1 reporter; place 1 placer;
fax 3 faxer; dial 3 dialer; trigger 1 trigger; receive 1 receiver; populate 2 populator; dump 2 dumper; wipe 2 wiper;
unsubscribe 2 unsubscriber; block 1 blocker; enrol 1 enroller; execute 1 executor; clean_up 2 cleaner;
look_up 3 lookup; back_up 3 backup; set_up 1 creator; hit 1 client; contact 2 client; expose 1 gateway;
message 2 messenger; proxy 3 proxy; bill 1 biller; purchase 2 purchaser; order 1 orderer; persistently_store 2 store;
pass_on 2 forwarder; hand_over 1 forwarder; switch 1 switcher; control 1 controller; display 1 display;
install 2 installer; launch 2 launcher; start 1 starter; stop 1 stopper; restart 2 restarter; invite 2 inviter;
escalate 2 escalator; page 2 pager; ring 2 ringer; play 2 player; show 1 display; snapshot 2 snapshotter; probe 2 prober;
discover 1 discoverer; geocode 2 geocoder; dequeue 3 dequeuer; acknowledge 2 acknowledger; replay 2 replayer;
sweep 2 sweeper; expire 1 expirer; evict 2 evictor; warm 1 warmer; prefetch 2 prefetcher; seed 2 seeder; truncate 1 truncater;
rename 2 renamer; transmit 3 transmitter; exchange 1 exchanger; settle 1 settler; withdraw 2 withdrawer; deposit 2 depositor;
wire 2 wirer; debit 2 debiter; credit 1 creditor; release 1 releaser; rent 1 renter; onboard 1 onboarding; buy 2 buyer;
sell 2 seller; trade 1 trader; bid 1 bidder; file 1 filer; unlock 2 unlocker; lock 1 locker; process 1 processor;
attach 2 attacher; obtain 1 fetcher; stage 1 stager; commit 1 committer; operate 1 operator; host 1 host;
warn 2 warner; inform 2 notifier; remind 2 reminder; greet 1 greeter; reply 2 replier; respond 1 responder; chat 1 chatter;
hand_out 1 issuer; back_fill 2 backfiller; reach_out 1 client; roll_back 1 rollback; turn_on 1 switcher; turn_off 1 switcher;
pay_out 2 payer; send_out 3 sender; write_down 3 writer; pick_up 1 reader; check_in 1 checkin;
confirm 1 confirmer; hire 1 recruiter; welcome 1 greeter; interview 0 interviewer; screen 0 screener; inspect 0 inspector;
pack 0 packer; sign_off 0 approver; train 0 trainer; audit 0 auditor; review 0 reviewer; throttle 1 throttler; retry 1 retrier; sftp 3 uploader; ftp 3 uploader; echo 1 echo;
"""
COMPUTE_VERBS = """
calculate 3 calculator; compute 3 calculator; validate 3 validator; parse 3 parser; convert 3 converter;
transform 3 transformer; format 3 formatter; check 3 checker; verify 2 verifier; score 3 scorer; rate 2 rater;
classify 3 classifier; detect 2 detector; compare 3 comparer; sort 3 sorter; filter 3 filter; map 2 mapper;
merge 2 merger; split 3 splitter; encode 3 encoder; decode 3 decoder; encrypt 3 encryptor; decrypt 3 decryptor;
hash 3 hasher; normalize 3 normalizer; clean 2 cleaner; strip 3 stripper; extract 2 extractor; tokenize 3 tokenizer;
render 3 renderer; generate 2 generator; derive 3 deriver; determine 3 calculator; estimate 3 estimator;
predict 3 predictor; evaluate 3 evaluator; apply 2 applier; match 2 matcher; translate 3 translator;
summarize 2 summarizer; rank 3 ranker; resize 3 resizer; scale 2 scaler; compress 2 compressor; round 3 rounder;
multiply 3 multiplier; add 2 adder; subtract 3 subtractor; divide 3 divider; turn 2 converter; enrich 2 enricher;
deduplicate 3 deduplicator; group 2 grouper; pick 2 picker; select 2 selector; choose 2 chooser; find 1 finder;
simulate 3 simulator; solve 3 solver; optimize 3 optimizer; analyze 3 analyzer; diff 3 differ; shuffle 3 shuffler;
interpolate 3 interpolator; escape 3 escaper; replace 2 replacer; tag 2 tagger; redact 3 redactor; mask 3 masker;
sanitize 3 sanitizer; flatten 3 flattener; return 1 calculator; decide 2 decider; infer 3 inferrer; label 2 labeler;
assess 2 assessor; measure 1 meter; reverse 3 reverser; trim 3 trimmer; combine 2 combiner; quote 1 quoter;
price 2 pricer; recommend 2 recommender; suggest 2 suggester; categorize 3 categorizer; segment 2 segmenter;
cluster 3 clusterer; crop 3 cropper; rotate 1 rotator; obfuscate 3 obfuscator; anonymize 3 anonymizer;
serialize 2 serializer; deserialize 2 deserializer; reformat 3 formatter; lint 3 linter; restructure 3 restructurer;
test 1 tester; spell 1 speller; guess 2 guesser; adjust 2 adjuster; work_out 3 calculator; figure_out 3 calculator;
break_down 2 splitter; look_for 1 finder; assign 1 assigner; allocate 1 allocator; distribute 1 distributor;
partition 2 partitioner; compose 2 composer; build 1 builder; produce 1 producer; recalculate 3 calculator;
minify 3 minifier; uppercase 3 uppercaser; lowercase 3 lowercaser; slugify 3 slugifier; crunch 3 cruncher;
approximate 3 approximator; project 1 projector; identify 2 identifier; recognize 3 recognizer; reconcile 2 reconciler;
pseudonymize 3 pseudonymizer; unzip 2 unzipper; zip 2 zipper; flag 1 flagger; give 0 giver; take 0 taker; accept 0 accepter;
standardize 3 standardizer; scan 1 scanner; balance 1 balancer; correct 2 corrector; mix 2 mixer; draw 1 drawer;
forecast 3 forecaster; grade 2 grader; weigh 2 weigher; bucket 2 bucketer; chunk 3 chunker; slice 3 slicer;
concatenate 3 concatenator; concat 3 concatenator; join 2 joiner; intersect 3 intersector; prune 2 pruner; clip 3 clipper;
clamp 3 clamper; pad 3 padder; align 3 aligner; flip 3 flipper; invert 3 inverter; transpose 3 transposer;
factorize 3 factorizer; differentiate 3 differentiator; vectorize 3 vectorizer; embed 2 embedder; stem 3 stemmer;
lemmatize 3 lemmatizer; spellcheck 3 spellchecker; compile 3 compiler; transpile 3 transpiler; interpret 2 interpreter;
prettify 3 prettifier; beautify 3 beautifier; unescape 3 unescaper; substitute 3 substituter; highlight 3 highlighter;
annotate 2 annotator; fingerprint 3 fingerprinter; dedupe 3 deduplicator; dedup 3 deduplicator; pair 2 pairer;
plan 2 planner; route 2 router; prioritize 3 prioritizer; triage 2 triager; resolve 1 resolver; deduce 3 deducer;
ensure 2 checker; enforce 2 enforcer; assert 3 asserter; debounce 1 debouncer; sample 2 sampler; downsample 3 downsampler;
smooth 3 smoother; denoise 3 denoiser; blur 3 blurrer; sharpen 3 sharpener; watermark 2 watermarker; transcode 2 transcoder;
expand 2 expander; shorten 2 shortener; abbreviate 3 abbreviator; capitalize 3 capitalizer; swap 2 swapper; fill 1 filler;
tell 1 teller; say 1 teller; judge 3 judge; rewrite 2 rewriter; reorder 2 reorderer; permute 3 permuter; discount 2 discounter; tax 2 taxer; amortize 3 amortizer; quantize 3 quantizer;
subset 2 subsetter; wrap 2 wrapper; unwrap 2 unwrapper; zero 1 zeroer; lower 1 lowerer; raise 1 raiser; boil_down 2 summarizer; break_up 3 splitter; point_out 2 detector; spot 2 detector;
recover 1 recoverer; reject 1 rejecter; approve 1 approver; distinguish 3 classifier; separate 2 separator; adapt 1 adapter;
"""
REDUCER_VERBS = """
count 3 counter; accumulate 3 accumulator; aggregate 3 aggregator; sum 2 totals; tally 3 tally; total 2 totals;
keep 2 keeper; track 3 tracker; maintain 2 keeper; fold 3 folder; remember 3 memory; average 3 average;
sum_up 3 totals; add_up 2 totals; keep_track 3 tracker; reduce 2 reducer; tot_up 3 totals; roll_up 3 rollup;
materialize 2 view; hold 1 keeper; increment 3 counter; decrement 3 counter; memorize 3 memory; gather 1 gatherer;
tot 2 totals; build_up 2 keeper; collect_up 1 collector; tick_up 2 counter; summate 2 totals; increase 1 counter;
decrease 1 counter; accrue 3 accumulator;
"""
ORCHESTRATOR_VERBS = """
orchestrate 5 workflow; coordinate 4 coordinator; run 1 runner; chain 3 chain; sequence 2 sequence;
choreograph 3 workflow; drive 1 driver; oversee 2 coordinator; steer 2 coordinator; guide 1 guide; automate 1 automation; supervise 2 coordinator; conduct 2 coordinator;
walk_through 3 workflow;
"""

# Spellings that mean the same.
SPELLINGS = {
    "normalise": "normalize", "summarise": "summarize", "tokenise": "tokenize", "sanitise": "sanitize",
    "synchronise": "synchronize", "optimise": "optimize", "analyse": "analyze", "categorise": "categorize",
    "anonymise": "anonymize", "serialise": "serialize", "recognise": "recognize", "memorise": "memorize",
    "standardise": "standardize", "pseudonymise": "pseudonymize", "materialise": "materialize",
    "cancelled": "canceled", "enroll": "enrol", "e-mail": "email",
}  # fmt: skip
IRREGULAR = {
    "written": "write", "wrote": "write", "sent": "send", "kept": "keep", "held": "hold", "built": "build",
    "found": "find", "chose": "choose", "chosen": "choose", "paid": "pay", "put": "put", "puts": "put",
    "split": "split", "drawn": "draw", "given": "give", "gave": "give", "took": "take", "taken": "take",
    "summed": "sum", "summing": "sum", "putting": "put", "getting": "get", "got": "get", "ran": "run", "running": "run",
    "splitting": "split", "mapping": "map", "mapped": "map", "shipping": "ship", "shipped": "ship",
    "stripping": "strip", "stripped": "strip", "logging": "log", "logged": "log", "tagging": "tag", "tagged": "tag",
    "formatting": "format", "submitting": "submit", "submitted": "submit", "emitting": "emit", "emitted": "emit",
    "dropping": "drop", "dropped": "drop", "cropping": "crop", "trimming": "trim", "totalling": "total",
    "cancelling": "cancel", "setting": "set", "planning": "plan", "scraping": "scrape", "chatting": "chat",
}  # fmt: skip
PARTICLES = {
    "work": {"out": "work_out"}, "figure": {"out": "figure_out"}, "sum": {"up": "sum_up"}, "add": {"up": "add_up"},
    "look": {"up": "look_up", "for": "look_for"}, "back": {"up": "back_up"}, "clean": {"up": "clean_up"},
    "keep": {"track": "keep_track"}, "break": {"down": "break_down", "up": "break_up"}, "tot": {"up": "tot_up"},
    "build": {"up": "build_up"}, "send": {"out": "send_out"}, "pay": {"out": "pay_out"}, "boil": {"down": "boil_down"},
    "walk": {"through": "walk_through"}, "point": {"out": "point_out"}, "fill": {"in": "fill"}, "spell": {},
    "roll": {"up": "roll_up", "back": "roll_back"}, "set": {"up": "set_up"}, "pass": {"on": "pass_on"}, "hand": {"over": "hand_over"},
}  # fmt: skip

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
    "quick own neat short real cool proper".split()
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
    "expression expressions polynomial equation fraction fractions decimal decimals set sets tuple tuples dict".split()
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
