# The binary is static, so the image holds nothing but it, the certificates of
# public authorities and the licence. Run it with a read-only root file system:
#   docker run --read-only --cap-drop ALL -p 10045:10045 -v ./qem.yml:/etc/qem_exporter/config.yml:ro qem_exporter
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION
RUN make build ${VERSION:+VERSION=$VERSION}

FROM gcr.io/distroless/static-debian12:nonroot
LABEL org.opencontainers.image.title="qem_exporter" \
      org.opencontainers.image.description="Prometheus exporter for Qlik Enterprise Manager" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/qem-exporter/qem_exporter"
COPY --from=build /src/qem_exporter /bin/qem_exporter
COPY --from=build /src/LICENSE /LICENSE
USER 65532:65532
EXPOSE 10045
ENTRYPOINT ["/bin/qem_exporter"]
