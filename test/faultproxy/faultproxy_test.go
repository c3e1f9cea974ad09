package faultproxy

import (
	"bufio"
	"io"
	"net"
	"testing"
)

func TestProxy(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		for {
			c, err := echo.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); _, _ = io.Copy(c, c) }()
		}
	}()
	p, err := Start(echo.Addr().String(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ask := func() error {
		c, err := net.Dial("tcp", p.Address)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := io.WriteString(c, "hello\n"); err != nil {
			return err
		}
		_, err = bufio.NewReader(c).ReadString('\n')
		return err
	}
	if err := ask(); err != nil {
		t.Errorf("without faults: %v", err)
	}
	p.SetFaults(1)
	failed := 0
	for range 30 {
		if ask() != nil {
			failed++
		}
	}
	requests, answers, held := p.Counts()
	if failed == 0 || requests == 0 || answers == 0 || held == 0 || requests+answers != int64(failed) {
		t.Errorf("%d failed; %d requests and %d answers lost, %d held", failed, requests, answers, held)
	}
	p.SetFaults(0)
	p.Outage(true)
	if ask() == nil {
		t.Error("an outage lets somebody in")
	}
	p.Outage(false)
	if err := ask(); err != nil {
		t.Errorf("after all: %v", err)
	}
}
