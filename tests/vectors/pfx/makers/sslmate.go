// Writes a PFX with software.sslmate.com/src/go-pkcs12: key|trust PASSWORD OUT.
package main

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"

	"software.sslmate.com/src/go-pkcs12"
)

func der(name string) []byte {
	file, err := os.ReadFile("../bundles/" + name)
	check(err)
	block, _ := pem.Decode(file)
	return block.Bytes
}

func certificate(name string) *x509.Certificate {
	parsed, err := x509.ParseCertificate(der(name))
	check(err)
	return parsed
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	mode, password, out := os.Args[1], os.Args[2], os.Args[3]
	leaf, intermediate := certificate("leaf.pem"), certificate("intermediate.pem")
	var pfx []byte
	var err error
	if mode == "trust" {
		pfx, err = pkcs12.EncodeTrustStore(rand.Reader, []*x509.Certificate{leaf, intermediate}, password)
	} else {
		key, parseErr := x509.ParsePKCS1PrivateKey(der("leaf.pkcs1.key"))
		check(parseErr)
		pfx, err = pkcs12.Encode(rand.Reader, key, leaf, []*x509.Certificate{intermediate}, password)
	}
	check(err)
	check(os.WriteFile(out, pfx, 0o644))
}
