// Writes the golden bytes of ../kad-dht/go.json: Kademlia messages and records as go-libp2p-kad-dht encodes them.
//
// Everything in them is fixed (keys from fixed seeds, no clock), so running it again gives the same file:
//
//	go run . > ../kad-dht/go.json
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	recpb "github.com/libp2p/go-libp2p-record/pb"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-msgio/pbio"
	ma "github.com/multiformats/go-multiaddr"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

type peerJSON struct {
	ID         string   `json:"id"`
	PeerID     string   `json:"peerId"`
	Addresses  []string `json:"addresses"`
	Multiaddrs []string `json:"multiaddrs"`
	Connection string   `json:"connection"`
}

type recordJSON struct {
	Key          string `json:"key"`
	Value        string `json:"value"`
	TimeReceived string `json:"timeReceived,omitempty"`
	Publisher    string `json:"publisher,omitempty"`
	TTL          uint64 `json:"ttl,omitempty"`
}

type messageJSON struct {
	Type      string      `json:"type"`
	Key       string      `json:"key"`
	Record    *recordJSON `json:"record,omitempty"`
	Closer    []peerJSON  `json:"closer"`
	Providers []peerJSON  `json:"providers"`
}

type messageVector struct {
	Name    string      `json:"name"`
	Bytes   string      `json:"bytes"`
	Frame   string      `json:"frame"`
	Message messageJSON `json:"message"`
}

type recordVector struct {
	Name   string     `json:"name"`
	Bytes  string     `json:"bytes"`
	Record recordJSON `json:"record"`
}

const (
	publisherField protowire.Number = 666
	ttlField       protowire.Number = 777
)

func main() {
	output := struct {
		Made     string          `json:"made"`
		Messages []messageVector `json:"messages"`
		Records  []recordVector  `json:"records"`
	}{"go run . in vectors/go, with go-libp2p-kad-dht v0.42.1", messages(), records()}

	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	must(encoder.Encode(output))
}

func messages() []messageVector {
	target := []byte(identity(1))
	hash := sha256.Sum256([]byte("vicinity"))
	multihash := append([]byte{0x12, 0x20}, hash[:]...)
	ipns := append([]byte("/ipns/"), target...)

	first := info(2, "/ip4/203.0.113.7/tcp/4001", "/ip4/203.0.113.7/udp/4001/quic-v1")
	second := info(3, "/ip6/2001:db8::3/tcp/4001", "/dns4/peer.example/tcp/443/tls/ws")
	silent := info(4)
	twenty := make([]pb.PeerRoutingInfo, 20)
	for i := range twenty {
		twenty[i] = routing(info(byte(10+i), "/ip4/198.51.100.1/tcp/4001", "/ip4/198.51.100.1/udp/4001/quic-v1"), i%2 == 0)
	}

	request := func(t pb.Message_MessageType, key []byte) *pb.Message { return pb.NewMessage(t, key, 0) }
	with := func(m *pb.Message, change func(*pb.Message)) *pb.Message { change(m); return m }
	closer := func(peers ...pb.PeerRoutingInfo) []*pb.Message_Peer { return pb.PeerRoutingInfosToPBPeers(peers) }

	vectors := []messageVector{
		vector("FIND_NODE request", request(pb.Message_FIND_NODE, target)),
		vector("FIND_NODE answer", with(request(pb.Message_FIND_NODE, target), func(m *pb.Message) {
			m.CloserPeers = closer(routing(first, true), routing(second, false), routing(silent, false))
		})),
		vector("FIND_NODE answer of 20 peers", with(request(pb.Message_FIND_NODE, target), func(m *pb.Message) {
			m.CloserPeers = closer(twenty...)
		})),
		vector("GET_VALUE request", request(pb.Message_GET_VALUE, ipns)),
		vector("GET_VALUE answer", with(request(pb.Message_GET_VALUE, ipns), func(m *pb.Message) {
			m.Record = record(ipns, "2026-08-01T12:34:56.123456789Z")
			m.CloserPeers = closer(routing(first, true))
		})),
		vector("PUT_VALUE request", with(request(pb.Message_PUT_VALUE, ipns), func(m *pb.Message) {
			m.Record = record(ipns, "")
		})),
		vector("GET_PROVIDERS request", request(pb.Message_GET_PROVIDERS, multihash)),
		vector("GET_PROVIDERS answer", with(request(pb.Message_GET_PROVIDERS, multihash), func(m *pb.Message) {
			m.ProviderPeers = pb.RawPeerInfosToPBPeers([]peer.AddrInfo{first, silent})
			m.CloserPeers = closer(routing(second, true))
		})),
		vector("ADD_PROVIDER request", with(request(pb.Message_ADD_PROVIDER, multihash), func(m *pb.Message) {
			m.ProviderPeers = pb.RawPeerInfosToPBPeers([]peer.AddrInfo{first})
		})),
		vector("PING", request(pb.Message_PING, nil)),
		vector("no field at all", &pb.Message{}),
		vector("negative cluster level", &pb.Message{Type: pb.Message_FIND_NODE, Key: target, ClusterLevelRaw: -5}),
		vector("empty record", &pb.Message{Type: pb.Message_GET_VALUE, Key: ipns, Record: &recpb.Record{}}),
		vector("connection values nobody knows", &pb.Message{Type: pb.Message_FIND_NODE, Key: target, CloserPeers: []*pb.Message_Peer{
			{Id: []byte(identity(5)), Connection: 9},
			{Id: []byte(identity(6)), Connection: -1},
			{Id: []byte(identity(7)), Connection: pb.Message_CAN_CONNECT},
			{Id: []byte(identity(8)), Connection: pb.Message_CANNOT_CONNECT},
		}}),
	}
	return append(vectors, unknownFields(target, first))
}

// Unknown fields of every wire type except groups, in the message, in a peer and in the record.
func unknownFields(target []byte, info peer.AddrInfo) messageVector {
	unknown := protowire.AppendBytes(protowire.AppendTag(nil, 11, protowire.BytesType), []byte("senderRecord"))
	unknown = protowire.AppendVarint(protowire.AppendTag(unknown, 12, protowire.VarintType), 1<<63)
	unknown = protowire.AppendFixed32(protowire.AppendTag(unknown, 13, protowire.Fixed32Type), 13)
	unknown = protowire.AppendFixed64(protowire.AppendTag(unknown, 1<<29-1, protowire.Fixed64Type), 14)
	signed := protowire.AppendBytes(protowire.AppendTag(nil, 4, protowire.BytesType), []byte("signedRecord"))
	author := protowire.AppendBytes(protowire.AppendTag(nil, 3, protowire.BytesType), []byte("author"))

	m := &pb.Message{Type: pb.Message_GET_VALUE, Key: target}
	m.Record = record(target, "2026-08-01T12:34:56Z")
	m.Record.ProtoReflect().SetUnknown(author)
	m.CloserPeers = pb.RawPeerInfosToPBPeers([]peer.AddrInfo{info})
	m.CloserPeers[0].ProtoReflect().SetUnknown(signed)
	m.ProtoReflect().SetUnknown(unknown)
	return vector("unknown fields everywhere", m)
}

func records() []recordVector {
	key := append([]byte("/pk/"), []byte(identity(1))...)
	rust := record(key, "")
	rust.ProtoReflect().SetUnknown(protowire.AppendVarint(
		protowire.AppendTag(
			protowire.AppendBytes(protowire.AppendTag(nil, publisherField, protowire.BytesType), []byte(identity(2))),
			ttlField, protowire.VarintType),
		172_800))

	return []recordVector{
		{"as put", encoded(record(key, "")), describeRecord(record(key, ""))},
		{"as stored", encoded(record(key, "2026-08-01T12:34:56.1Z")), describeRecord(record(key, "2026-08-01T12:34:56.1Z"))},
		{"with rust's publisher and ttl", encoded(rust), describeRecord(rust)},
		{"empty", encoded(&recpb.Record{}), describeRecord(&recpb.Record{})},
	}
}

func vector(name string, m *pb.Message) messageVector {
	var frame bytes.Buffer
	must(pbio.NewDelimitedWriter(&frame).WriteMsg(m))
	described := messageJSON{
		Type:      m.Type.String(),
		Key:       hex.EncodeToString(m.Key),
		Closer:    describePeers(m.CloserPeers),
		Providers: describePeers(m.ProviderPeers),
	}
	if m.Record != nil {
		record := describeRecord(m.Record)
		described.Record = &record
	}
	return messageVector{name, encoded(m), hex.EncodeToString(frame.Bytes()), described}
}

func describePeers(peers []*pb.Message_Peer) []peerJSON {
	described := []peerJSON{}
	for _, p := range peers {
		one := peerJSON{ID: hex.EncodeToString(p.Id), PeerID: peer.ID(p.Id).String(), Addresses: []string{}, Multiaddrs: []string{}}
		for _, address := range p.Addresses() {
			one.Addresses = append(one.Addresses, hex.EncodeToString(address.Bytes()))
			one.Multiaddrs = append(one.Multiaddrs, address.String())
		}
		one.Connection = pb.Message_NOT_CONNECTED.String()
		if name, known := pb.Message_ConnectionType_name[int32(p.Connection)]; known {
			one.Connection = name
		}
		described = append(described, one)
	}
	return described
}

func describeRecord(r *recpb.Record) recordJSON {
	described := recordJSON{Key: hex.EncodeToString(r.Key), Value: hex.EncodeToString(r.Value), TimeReceived: r.TimeReceived}
	for rest := []byte(r.ProtoReflect().GetUnknown()); len(rest) > 0; {
		number, kind, n := protowire.ConsumeTag(rest)
		rest = rest[n:]
		switch number {
		case publisherField:
			value, n := protowire.ConsumeBytes(rest)
			described.Publisher, rest = hex.EncodeToString(value), rest[n:]
		case ttlField:
			value, n := protowire.ConsumeVarint(rest)
			described.TTL, rest = value, rest[n:]
		default:
			rest = rest[protowire.ConsumeFieldValue(number, kind, rest):]
		}
	}
	return described
}

func record(key []byte, time string) *recpb.Record {
	return &recpb.Record{Key: key, Value: []byte("a value that only its bytes matter of"), TimeReceived: time}
}

func routing(info peer.AddrInfo, connected bool) pb.PeerRoutingInfo {
	state := network.NotConnected
	if connected {
		state = network.Connected
	}
	return pb.PeerRoutingInfo{AddrInfo: info, Connectedness: state}
}

func info(seed byte, addresses ...string) peer.AddrInfo {
	result := peer.AddrInfo{ID: identity(seed)}
	for _, address := range addresses {
		result.Addrs = append(result.Addrs, ma.StringCast(address))
	}
	return result
}

// The peer id of the Ed25519 key whose seed is 32 times the given byte.
func identity(seed byte) peer.ID {
	key, _, err := crypto.GenerateEd25519Key(bytes.NewReader(bytes.Repeat([]byte{seed}, 64)))
	must(err)
	id, err := peer.IDFromPrivateKey(key)
	must(err)
	return id
}

func encoded(m proto.Message) string {
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	must(err)
	return hex.EncodeToString(data)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
