// Package faultproxy gives a TCP proxy that a network would be ashamed of: it cuts connections, loses requests on their way
// and answers on their way back, and holds some up. It sees bytes only, so that TLS passes with its certificates; what it
// does is drawn from a seed.
package faultproxy

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy forwards to one address.
type Proxy struct {
	Address string
	target  string
	listen  net.Listener

	mu     sync.Mutex
	random *rand.Rand
	faults float64 // chance that a burst of bytes does not arrive as it should
	down   bool
	open   map[net.Conn]bool

	lostRequests, lostAnswers, held atomic.Int64
}

// Start begins to listen on loopback. Without SetFaults it is a plain proxy.
func Start(target string, seed uint64) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		Address: listener.Addr().String(), target: target, listen: listener,
		random: rand.New(rand.NewPCG(seed, 1)), open: map[net.Conn]bool{},
	}
	go p.serve()
	return p, nil
}

// SetFaults sets the chance that a burst, one way or the other, is lost or held up.
func (p *Proxy) SetFaults(chance float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = chance
}

// Outage cuts everything and lets nobody in until it is called with false.
func (p *Proxy) Outage(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
	for c := range p.open {
		if down {
			_ = c.Close()
		}
	}
}

// Counts tells what was done so far.
func (p *Proxy) Counts() (lostRequests, lostAnswers, held int64) {
	return p.lostRequests.Load(), p.lostAnswers.Load(), p.held.Load()
}

// Close ends it, connections included.
func (p *Proxy) Close() error {
	err := p.listen.Close()
	p.Outage(true)
	return err
}

func (p *Proxy) serve() {
	for {
		client, err := p.listen.Accept()
		if err != nil {
			return
		}
		go p.connect(client)
	}
}

func (p *Proxy) connect(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil || !p.keep(client, server) {
		_ = client.Close()
		if err == nil {
			_ = server.Close()
		}
		return
	}
	done := make(chan struct{}, 2)
	go func() { p.pump(server, client, &p.lostRequests); done <- struct{}{} }()
	go func() { p.pump(client, server, &p.lostAnswers); done <- struct{}{} }()
	<-done
	_ = client.Close()
	_ = server.Close()
	<-done
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, client)
	delete(p.open, server)
}

func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return false
	}
	for _, c := range conns {
		p.open[c] = true
	}
	return true
}

// pump copies burst by burst, until one is lost: then the connection ends.
func (p *Proxy) pump(to io.Writer, from io.Reader, lost *atomic.Int64) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			switch lose, pause := p.fate(); {
			case lose:
				lost.Add(1)
				return
			case pause > 0:
				p.held.Add(1)
				time.Sleep(pause)
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// fate: two of three faults are losses.
func (p *Proxy) fate() (lose bool, pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.random.Float64() >= p.faults {
		return false, 0
	}
	if p.random.IntN(3) > 0 {
		return true, 0
	}
	return false, time.Duration(p.random.IntN(400)) * time.Millisecond
}
